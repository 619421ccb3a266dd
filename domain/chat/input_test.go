package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/quick"

	"github.com/aiwoochat/woochat/domain/chat"
)

func TestCheckQuestion(t *testing.T) {
	for text, reason := range map[string]string{
		"Hello?": "", "?": "", "日本語": "", "🧥": "", "two\nlines\r\n\tand a tab": "", strings.Repeat("a", 100): "",
		"": "is empty", " \n\t": "is empty", "\u00a0\u2003": "is empty",
		strings.Repeat("a", 101): "is longer than 100 bytes", strings.Repeat("ü", 51): "is longer than 100 bytes",
		"a\xff": "is not valid UTF-8", "a\x00b": "holds control characters", "a\x1b[31m": "holds control characters", "a\x7f": "holds control characters",
	} {
		err := chat.CheckQuestion(text, 100)
		var in *chat.InputError
		switch {
		case reason == "" && err != nil, reason != "" && (!errors.As(err, &in) || in.Field != "message" || in.Reason != reason):
			t.Errorf("%q: got %v, want %q", text, err, reason)
		}
	}
}

// The error never repeats what a shopper wrote.
func TestInputErrorHoldsNoText(t *testing.T) {
	err := quick.Check(func(secret string) bool {
		text := "5551234" + secret + "\x00"
		err := chat.CheckQuestion(text, 10_000)
		return err != nil && !strings.Contains(err.Error(), "5551234")
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func ExampleCheckQuestion() {
	fmt.Println(chat.CheckQuestion("   ", 4000))
	// Output: message is empty
}

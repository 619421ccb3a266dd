package chat_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestEarlier(t *testing.T) {
	price := catalog.Money{Minor: 9900, Currency: "EUR", Exponent: 2}
	colours := []catalog.Attribute{{Name: "Colour", Values: []string{"Blue"}}}
	got := chat.Earlier([]chat.Turn{
		{Question: "Do you have jackets?", Answer: "Yes.", Cards: []chat.Card{{Document: "product:1", Title: "Storm Jacket", SKU: "TS-1", Price: catalog.PriceRange{Min: price, Max: price}, Attributes: colours}}},
		{Question: "What does shipping cost?"},
	})
	want := []retrieval.Earlier{
		{Question: "Do you have jackets?", Shown: []retrieval.Shown{{Document: "product:1", Title: "Storm Jacket", Code: "TS-1", Price: price, Attributes: colours}}},
		{Question: "What does shipping cost?"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func ExampleEarlier() {
	turns := []chat.Turn{{Question: "Is the Storm Jacket waterproof?", Answer: "It is [1].", Cards: []chat.Card{{Document: "product:1", Title: "Storm Jacket"}}}}
	fmt.Println(retrieval.TakeUp("and what does it cost?", chat.Earlier(turns), retrieval.Vocabulary{}).Question)
	// Output: Storm Jacket: and what does it cost?
}

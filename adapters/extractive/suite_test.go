package extractive_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestChatModel(t *testing.T) {
	porttest.ChatModel(t, func(*testing.T, string) porttest.ModelUnderTest {
		return porttest.ModelUnderTest{ChatModel: extractive.New(), Free: true}
	})
}

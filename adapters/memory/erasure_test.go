package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestErasure(t *testing.T) {
	porttest.Erasure(t, func(_ *testing.T, now ports.Clock) porttest.ErasureStore {
		l, c := memory.NewLedger(now, porttest.NewID), memory.NewConversations()
		return porttest.ErasureStore{
			UsageStore: porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: func(*testing.T) tenant.Scope {
				return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
			}},
			Conversations: c, Turns: c, Erasure: memory.NewErasure(c, l),
		}
	})
}

func ExampleErasure_Erase() {
	ctx, shop := context.Background(), tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	conversations, ledger := memory.NewConversations(), memory.NewLedger(time.Now, porttest.NewID)
	c := chat.Conversation{ID: "conv_1", Visitor: "vis_1", Started: time.Now()}
	_, _ = conversations.Open(ctx, shop, c)
	gone, err := memory.NewErasure(conversations, ledger).Erase(ctx, shop, c.Visitor, nil)
	fmt.Println(gone.Conversations, err)
	// Output: 1 <nil>
}

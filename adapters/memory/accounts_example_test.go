package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Ids of the examples.
const (
	tenantID       = tenant.ID("ten_0197a000-0000-7000-8000-000000000001")
	siteID         = tenant.SiteID("site_0197a000-0000-7000-8000-000000000002")
	conversationID = chat.ConversationID("conv_0197a000-0000-7000-8000-000000000003")
	visitorID      = chat.VisitorID("vis_0197a000-0000-7000-8000-000000000004")
	messageID      = chat.MessageID("msg_0197a000-0000-7000-8000-000000000005")
)

func exampleScope() tenant.Scope { return tenant.Scope{Tenant: tenantID, Site: siteID} }

func exampleTime() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func ExampleNewAccounts() {
	ctx := context.Background()
	a := memory.NewAccounts()
	fmt.Println(a.PutTenant(ctx, tenant.Tenant{ID: tenantID, Name: "Fjord & Fell", Created: exampleTime()}))
	fmt.Println(a.PutSite(ctx, tenant.Site{ID: siteID, Tenant: tenantID, Name: "Shop", URL: "https://shop.example.com", TimeZone: "UTC"}))
	fmt.Println(a.PutMember(ctx, tenantID, roles.Member{Subject: "user_1", Role: roles.Owner}))
	fmt.Println(a.RemoveMember(ctx, tenantID, "user_1"))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// conflict: a tenant needs an owner: make somebody else one first
}

func ExampleNewConversations() {
	ctx, s, now := context.Background(), exampleScope(), exampleTime()
	c := memory.NewConversations()
	_, err := c.Open(ctx, s, chat.Conversation{ID: conversationID, Visitor: visitorID, Started: now})
	fmt.Println(err)
	question := chat.Turn{
		Message: messageID, Conversation: conversationID, Visitor: visitorID, Key: "k1", BodyHash: "b1", Question: "Is it warm?",
		Asked: now, State: chat.Running, Attempt: 1, Reservation: "res_1", Lease: now.Add(15 * time.Second),
	}
	turn, err := c.Begin(ctx, s, question)
	fmt.Println(turn.Seq, turn.Attempt, err)
	// The same key again, while the answer is being written:
	_, err = c.Begin(ctx, s, question)
	fmt.Println(err)
	// Output:
	// <nil>
	// 1 1 <nil>
	// message msg_0197a000-0000-7000-8000-000000000005 with this Idempotency-Key is still being answered: resume its stream
}

func ExampleNewDocuments() {
	ctx, s := context.Background(), exampleScope()
	d := memory.NewDocuments()
	doc := retrieval.Document{ID: "page:7", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping", Shown: true}
	fmt.Println(d.Put(ctx, s, doc, []retrieval.Chunk{{Seq: 0, Text: "We ship within two days."}}))
	fmt.Println(d.Put(ctx, s, doc, nil)) // the same revision
	refs := []retrieval.PassageRef{{Document: "page:7", Revision: "r1"}, {Document: "page:7", Revision: "r0"}}
	passages, err := d.Load(ctx, s, retrieval.Chunking{}, refs)
	fmt.Println(len(passages), passages[0].Text, err)
	// Output:
	// true <nil>
	// false <nil>
	// 1 We ship within two days. <nil>
}

// asked is an event of the example.
type asked struct{ Message chat.MessageID }

func (asked) EventName() string { return "example.asked" }

func ExampleNewEvents() {
	e := memory.NewEvents()
	e.Publish(context.Background(), exampleScope(), asked{messageID})
	for _, p := range e.All() {
		fmt.Println(p.Event.EventName(), p.Scope == exampleScope(), e.Dropped())
	}
	// Output: example.asked true 0
}

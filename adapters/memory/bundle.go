package memory

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Stores is one of each store of this package, that know each other where they
// must: all that the use cases need but a model. It is for tests, examples and
// trials; what it holds is lost with the process.
type Stores struct {
	Accounts      *Accounts
	Changes       *Changes
	Conversations *Conversations
	Documents     *Documents
	Index         *Index
	Ledger        *Ledger
	Licenses      *Licenses
	Limiter       *Limiter
	Prices        *Prices
	Repricings    *Repricings
	Tokenizer     Tokenizer
	Events        *Events

	now   ports.Clock
	newID ports.NewID
}

// NewStores returns empty stores that tell the time by now, take the ids that
// they need from newID, and know the given prices.
func NewStores(now ports.Clock, newID ports.NewID, prices ...usage.Price) *Stores {
	accounts := NewAccounts()
	licenses := NewLicenses(accounts)
	ledger := NewLedger(now, newID)
	documents := NewDocuments()
	return &Stores{
		Accounts: accounts, Changes: NewChanges(accounts, licenses, documents), Conversations: NewConversations(), Documents: documents, Index: NewIndex(),
		Ledger: ledger, Repricings: NewRepricings(ledger), Licenses: licenses, Limiter: NewLimiter(now), Prices: NewPrices(prices...),
		Tokenizer: NewTokenizer(), Events: NewEvents(), now: now, newID: newID,
	}
}

// AddSite stores a site with an active license of these limits, of a tenant of
// its own. Its day is that of UTC and its currency the euro. The error matches
// ports.ErrInvalid if url is not that of a shop, such as
// https://shop.example.com.
func (s *Stores) AddSite(ctx context.Context, name, url string, l usage.Limits) (tenant.Site, error) {
	origins, err := tenant.OriginsOf(url)
	if err != nil {
		return tenant.Site{}, fmt.Errorf("memory: add site: %w: %w", ports.ErrInvalid, err)
	}
	t := tenant.Tenant{ID: tenant.ID(tenant.Prefix + s.newID()), Name: name, Created: s.now()}
	if err := s.Accounts.PutTenant(ctx, t); err != nil {
		return tenant.Site{}, fmt.Errorf("memory: add site: %w", err)
	}
	site := tenant.Site{
		ID: tenant.SiteID(tenant.SitePrefix + s.newID()), Tenant: t.ID, Name: name, URL: url, Origins: origins,
		Locale: "en", Currency: "EUR", TimeZone: "UTC", Generation: 1, Created: s.now(),
	}
	if err := s.Accounts.PutSite(ctx, site); err != nil {
		return tenant.Site{}, fmt.Errorf("memory: add site: %w", err)
	}
	if err := s.Licenses.PutLicense(ctx, site.Scope(), usage.License{Plan: "test", Status: usage.Active, Limits: l}); err != nil {
		return tenant.Site{}, fmt.Errorf("memory: add site: %w", err)
	}
	return site, nil
}

// Add stores d, which is Shown, with one chunk for each text, and brings the
// index after it. Adding it again replaces it if its Revision is another one.
// An import does the same with chunking, embedding and much more: see
// app/ingesting.
func (s *Stores) Add(ctx context.Context, sc tenant.Scope, d retrieval.Document, texts ...string) error {
	d.Shown = true
	g, err := s.Documents.GenerationsOf(ctx, sc)
	if err != nil {
		return fmt.Errorf("memory: add %s: %w", d.ID, err)
	}
	e := retrieval.Entry{Generation: g.Served.No, Document: d.ID, Revision: d.Revision, Kind: d.Kind, Locale: d.Locale, Title: d.Title, Facts: d.Facts}
	for i, text := range texts {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Chunking: g.Served.Chunking, Seq: i, Text: text})
	}
	if _, err := s.Documents.Put(ctx, sc, d, e.Chunks); err != nil {
		return fmt.Errorf("memory: add %s: %w", d.ID, err)
	}
	if err := s.Index.Put(ctx, sc, e); err != nil {
		return fmt.Errorf("memory: add %s: %w", d.ID, err)
	}
	return s.Documents.Indexed(ctx, sc, retrieval.Stage{Generation: e.Generation}, []retrieval.DocumentRef{{ID: d.ID, Revision: d.Revision}})
}

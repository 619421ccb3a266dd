package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// What the demo keeps in its folder beside the store, readable by its owner
// only. The API key is there since the store has no more than its hash, and the
// demo prints it again when it is opened again.
const (
	secretFile = "secret.key"
	apiKeyFile = "demo-api.key"
)

// Names by which the demo knows its own again.
const (
	demoTenant = "woochat demo"
	demoSite   = "Fjell & Fjord Outfitters"
	demoPlan   = "starter"
	demoAPIKey = "demo"
)

// demoShop is the seeded shop.
type demoShop struct {
	site            tenant.Site
	siteKey, apiKey string
	license         string
	documents       int
	rejected        []catalog.Rejected
}

// keptSecret returns the secret key of a data folder, made at the first time.
func keptSecret(dir string) (wiring.Secret, error) {
	text, err := keptFile(filepath.Join(dir, secretFile), wiring.NewSecretKey)
	return wiring.Secret(text), err
}

// keptFile returns the text of a file that only its owner may read, which is
// written by the first who asks.
func keptFile(path string, text func() string) (string, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		b, err := os.ReadFile(path)
		if got := strings.TrimSpace(string(b)); err != nil || got != "" {
			return got, err
		}
		return "", withHint(fmt.Errorf("%s is empty", path), "remove it: a new one is made")
	}
	if err != nil {
		return "", err
	}
	made := text()
	_, err = f.WriteString(made + "\n")
	return made, errors.Join(err, f.Sync(), f.Close())
}

// seed makes the demo's shop, or finds the one that an earlier run left in the
// folder. Every step looks for what is there already, so that a run which was
// ended half-way is completed by the next; the port may differ from last time,
// so origins and addresses are always brought up to date.
func seed(ctx context.Context, app *wiring.App, now func() time.Time) (demoShop, error) {
	id, err := seedTenant(ctx, app)
	if err != nil {
		return demoShop{}, err
	}
	var shop demoShop
	if shop.site, err = seedSite(ctx, app, id); err != nil {
		return demoShop{}, err
	}
	if shop.license, err = seedLicense(ctx, app, shop.site.Scope(), now()); err != nil {
		return demoShop{}, err
	}
	if shop.siteKey, err = seedSiteKey(ctx, app, shop.site.Scope()); err != nil {
		return demoShop{}, err
	}
	if shop.apiKey, err = seedAPIKey(ctx, app, shop.site.Scope()); err != nil {
		return demoShop{}, err
	}
	return shop, shop.fill(ctx, app)
}

func seedTenant(ctx context.Context, app *wiring.App) (tenant.ID, error) {
	all, err := allTenants(ctx, app)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(all, func(t tenant.Tenant) bool { return t.Name == demoTenant }); i >= 0 {
		return all[i].ID, nil
	}
	if len(all) > 0 {
		return "", withHint(fmt.Errorf("the data folder %s holds tenants that are not the demo's", app.Config.DataDir), "name another folder with --data-dir, or none for a temporary one")
	}
	t, err := app.Administering.CreateTenant(ctx, app.Operator, demoTenant, "")
	return t.ID, err
}

func seedSite(ctx context.Context, app *wiring.App, id tenant.ID) (tenant.Site, error) {
	who := app.Operator
	sites, err := sitesOf(ctx, app, id)
	if err != nil {
		return tenant.Site{}, err
	}
	origins := loopbackOrigins(app.PublicURL)
	i := slices.IndexFunc(sites, func(s tenant.Site) bool { return s.Name == demoSite })
	if i < 0 {
		return app.Administering.CreateSite(ctx, who, id, administering.NewSite{
			Name: demoSite, URL: app.PublicURL, Origins: origins[1:], TimeZone: "Europe/Oslo", Locale: "en", Currency: "EUR",
			Greeting: "Hei! I know every product, size and rule of this shop. What are you looking for?",
			Suggestions: []string{
				"Which insulated bottles in blue do you have under 30 euros?",
				"Do you have a red rain jacket in size M?",
				"What does a return label cost to Germany?",
			},
			LimitText:  "I have answered as many questions as I may today. Our people are glad to help you.",
			ContactURL: "/about/",
		})
	}
	s := sites[i]
	if err := app.Administering.SetOrigins(ctx, who, s.Scope(), app.PublicURL, origins); err != nil {
		return tenant.Site{}, err
	}
	return app.Sites.Site(ctx, s.Scope())
}

// loopbackOrigins returns the origin of a listener on this machine, first, and
// the other names of it that a person may type.
func loopbackOrigins(address string) []string {
	out := []string{strings.TrimRight(address, "/")}
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return out
	}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if o := u.Scheme + "://" + host + ":" + u.Port(); !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// seedLicense leaves a license as it is: who tries limits has changed it.
func seedLicense(ctx context.Context, app *wiring.App, s tenant.Scope, now time.Time) (string, error) {
	who := app.Operator
	l, err := app.Administering.License(ctx, who, s)
	if err != nil {
		return "", err
	}
	if l.Status == 0 {
		plan, _ := usage.PlanNamed(demoPlan)
		l = usage.License{Plan: plan.Name, Status: usage.Active, Limits: plan.Limits, ValidFrom: now.UTC().Truncate(time.Second)}
		if err := app.Administering.SetLicense(ctx, who, s, l); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s, %s: %s messages and %s chat tokens a day", l.Plan, l.Status,
		limitText(usage.ChatRequests, l.Limits), limitText(usage.ChatTokens, l.Limits)), nil
}

func seedSiteKey(ctx context.Context, app *wiring.App, s tenant.Scope) (string, error) {
	who := app.Operator
	keys, err := app.Administering.ListKeys(ctx, who, s)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.Kind == tenant.SiteKey && !k.Disabled {
			return k.Text, nil
		}
	}
	_, text, err := app.Administering.CreateKey(ctx, who, s, tenant.SiteKey, "widget", 0)
	return text, err
}

func seedAPIKey(ctx context.Context, app *wiring.App, s tenant.Scope) (string, error) {
	who := app.Operator
	path := filepath.Join(app.Config.DataDir, apiKeyFile)
	keys, err := app.Administering.ListKeys(ctx, who, s)
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	kept := strings.TrimSpace(string(b))
	sum := sha256.Sum256([]byte(kept))
	hash := hex.EncodeToString(sum[:])
	if slices.ContainsFunc(keys, func(k tenant.Key) bool { return k.Kind == tenant.APIKey && k.Hash == hash && !k.Disabled }) {
		return kept, nil
	}
	_, text, err := app.Administering.CreateKey(ctx, who, s, tenant.APIKey, demoAPIKey, roles.Admin)
	if err != nil {
		return "", err
	}
	return text, os.WriteFile(path, []byte(text+"\n"), 0o600)
}

// indexShop brings the index after the demo's shop, in the background: a real
// embedder takes its time. The report comes once.
func indexShop(ctx context.Context, app *wiring.App, s tenant.Scope) <-chan error {
	done := make(chan error, 1)
	go func() {
		report, err := app.Ingesting.Drain(ctx, s)
		if err == nil && report.Paused != nil {
			err = fmt.Errorf("found by words only, since embedding failed: %w", report.Paused)
		}
		done <- err
	}()
	return done
}

// fill imports the catalogue and the pages, with addresses that lead to where
// the shop front is now. What is unchanged since the last run costs nothing.
func (d *demoShop) fill(ctx context.Context, app *wiring.App) error {
	export := demoshop.ProductsAt(d.site.URL)
	products := wiring.WooCommerceCSV(wiring.CSV{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(export)), nil },
		Site: d.site,
	})
	pages := make([]wiring.ShopPage, 0)
	for _, page := range demoshop.Pages() {
		pages = append(pages, wiring.ShopPage{Slug: page.Slug, Title: page.Title, HTML: page.HTML})
	}
	for _, feed := range []struct {
		name   string
		source ports.DocumentSource
	}{{productsSource, products}, {pagesSource, wiring.Pages(d.site, pages)}} {
		report, err := app.Ingesting.Import(ctx, d.site.Scope(), feed.name, feed.source, ingesting.Options{Full: true})
		if err != nil {
			return err
		}
		d.documents += report.Seen - report.Rejected
		d.rejected = append(d.rejected, report.Rejects...)
	}
	return nil
}

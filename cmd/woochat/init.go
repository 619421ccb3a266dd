package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

type initCommand struct {
	Tenant   string `placeholder:"NAME" help:"What the account is called."`
	Owner    string `placeholder:"EMAIL" help:"E-mail address of its first owner."`
	URL      string `name:"url" help:"The shop's front page, such as https://shop.example.com."`
	Plan     string `placeholder:"PLAN" help:"One of ${plans}; the first if left out."`
	Name     string `help:"What the shop is called; its host by default."`
	TimeZone string `default:"UTC" help:"IANA zone in which the shop's day begins, such as Europe/Berlin."`
	Currency string `default:"EUR" help:"ISO 4217 code of the shop's prices."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (initCommand) Help() string {
	return `On a terminal it asks for what is not given; elsewhere all of --tenant, --owner and --url must be given. Nothing is created unless everything is right.

Examples:

    woochat init
    woochat init --tenant "Example Ltd" --owner owner@example.com --url https://shop.example.com --plan starter
`
}

// initResult is what init created.
type initResult struct {
	Tenant  tenant.ID     `json:"tenant_id"`
	Owner   string        `json:"owner"`
	Site    tenant.SiteID `json:"site_id"`
	URL     string        `json:"url"`
	Origins []string      `json:"origins"`
	Plan    string        `json:"plan"`
	KeyID   string        `json:"key_id"`
	SiteKey string        `json:"site_key"`
	Snippet string        `json:"snippet"`
}

// question is one thing that init must know.
type question struct {
	flag, text string
	value      *string
	standard   string // taken for an empty answer; "" if there is none
	check      func(string) error
}

func (c *initCommand) questions() []question {
	return []question{
		{"tenant", "What is the account called?", &c.Tenant, "", func(s string) error {
			if s == "" {
				return errors.New("is empty")
			}
			return nil
		}},
		{"owner", "E-mail address of its owner?", &c.Owner, "", func(s string) error {
			if wantEmail("owner", s, false) != nil {
				return errors.New("is not an e-mail address such as owner@example.com")
			}
			return nil
		}},
		{"url", "Address of the shop?", &c.URL, "", func(s string) error {
			if _, err := tenant.OriginsOf(s); err != nil {
				return errors.New("is not the address of a shop, such as https://shop.example.com")
			}
			return nil
		}},
		{"plan", "Plan (" + planNames() + ")?", &c.Plan, usage.Plans()[0].Name, func(s string) error {
			if _, ok := usage.PlanNamed(s); !ok {
				return fmt.Errorf("%q is not one of %s", s, planNames())
			}
			return nil
		}},
		{"time-zone", "", &c.TimeZone, "UTC", func(s string) error {
			if _, err := time.LoadLocation(s); err != nil || s == "Local" {
				return errors.New("is not an IANA zone such as Europe/Berlin")
			}
			return nil
		}},
		{"currency", "", &c.Currency, "EUR", func(s string) error {
			if len(s) != 3 || strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				return errors.New("is not a code such as EUR")
			}
			return nil
		}},
	}
}

// Run asks for what is missing and creates everything that a first shop needs.
func (c initCommand) Run(ctx context.Context, p *program) error {
	questions := c.questions()
	// Flags that were given wrong are reported before anybody answers questions.
	var problems []error
	for _, q := range questions {
		*q.value = strings.TrimSpace(*q.value)
		switch {
		case *q.value == "" && q.standard != "" && (!p.asks || q.text == ""):
			*q.value = q.standard
		case *q.value == "" && p.asks:
			continue
		case *q.value == "":
			problems = append(problems, fmt.Errorf("--%s: is needed: there is no terminal to ask on", q.flag))
			continue
		}
		if err := q.check(*q.value); err != nil {
			problems = append(problems, fmt.Errorf("--%s: %w", q.flag, err))
		}
	}
	if len(problems) > 0 {
		return &usageError{problems, "woochat init"}
	}
	lines := lineReader(p.stdin)
	for _, q := range questions {
		if *q.value == "" {
			if err := p.ask(ctx, lines, q); err != nil {
				return err
			}
		}
	}
	return p.with(ctx, func(app *wiring.App) error {
		r, err := c.create(ctx, app, p.now())
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(r)
		}
		p.initialised(r, app.Config)
		return nil
	})
}

// ask asks until the answer is right.
func (p *program) ask(ctx context.Context, lines func(context.Context) (string, error), q question) error {
	for {
		fmt.Fprint(p.stderr, q.text, " ")
		if q.standard != "" {
			fmt.Fprintf(p.stderr, "[%s] ", q.standard)
		}
		answer, err := lines(ctx)
		if err != nil {
			return err
		}
		if answer == "" {
			answer = q.standard
		}
		err = q.check(answer)
		if err == nil {
			*q.value = answer
			return nil
		}
		fmt.Fprintf(p.stderr, "  That %v.\n", err)
	}
}

// lineReader returns a function that reads a line, and gives up when its
// context ends: a terminal's read cannot be interrupted.
func lineReader(in io.Reader) func(context.Context) (string, error) {
	type read struct {
		line string
		err  error
	}
	var lines chan read
	return func(ctx context.Context) (string, error) {
		if lines == nil {
			lines = make(chan read)
			go func() {
				r := bufio.NewReader(in)
				for {
					line, err := r.ReadString('\n')
					if line != "" {
						err = nil // the last line may lack its end
					}
					select {
					case lines <- read{strings.TrimSpace(line), err}:
					case <-ctx.Done():
						return
					}
					if err != nil {
						return
					}
				}
			}()
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case r := <-lines:
			if errors.Is(r.err, io.EOF) {
				return "", errors.New("the input ended before everything was answered")
			}
			return r.line, r.err
		}
	}
}

func (c initCommand) create(ctx context.Context, app *wiring.App, now time.Time) (initResult, error) {
	who := app.Operator
	t, err := app.Administering.CreateTenant(ctx, who, c.Tenant, c.Owner)
	if err != nil {
		return initResult{}, err
	}
	plan, _ := usage.PlanNamed(c.Plan) // checked as an answer
	site, key, text, err := openSite(ctx, app, t.ID, administering.NewSite{
		Name: c.Name, URL: c.URL, TimeZone: c.TimeZone, Currency: c.Currency,
	}, plan, now)
	if err != nil {
		return initResult{}, withHint(err, "tenant %s was created: go on with woochat site create --tenant %s", t.ID, t.ID)
	}
	return initResult{
		Tenant: t.ID, Owner: c.Owner, Site: site.ID, URL: site.URL, Origins: site.Origins, Plan: plan.Name,
		KeyID: key.ID, SiteKey: text, Snippet: snippet(app.Config.PublicURL, text),
	}, nil
}

// openSite creates a site with its license and a site key.
func openSite(ctx context.Context, app *wiring.App, id tenant.ID, n administering.NewSite, plan usage.Plan, now time.Time) (tenant.Site, tenant.Key, string, error) {
	who := app.Operator
	site, err := app.Administering.CreateSite(ctx, who, id, n)
	if err != nil {
		return tenant.Site{}, tenant.Key{}, "", err
	}
	license := usage.License{Plan: plan.Name, Status: usage.Active, Limits: plan.Limits, ValidFrom: now.UTC().Truncate(time.Second)}
	if err := app.Administering.SetLicense(ctx, who, site.Scope(), license); err != nil {
		return tenant.Site{}, tenant.Key{}, "", err
	}
	key, text, err := app.Administering.CreateKey(ctx, who, site.Scope(), tenant.SiteKey, "widget", 0)
	return site, key, text, err
}

func (p *program) initialised(r initResult, cfg wiring.Config) {
	fmt.Fprintf(p.stdout, `Created
  tenant    %s
  owner     %s
  site      %s  (%s)
  license   %s
  site key  %s

Paste this before </body> of the shop:

  %s

`, r.Tenant, printable(r.Owner), r.Site, printable(r.URL), r.Plan, r.SiteKey, r.Snippet)
	if cfg.PublicURL == "" {
		fmt.Fprintln(p.stdout, "Put your own address for https://chat.example.com; with WOOCHAT_PUBLIC_URL set it is printed here.")
	}
	fmt.Fprintf(p.stdout, `Next:
  woochat shop connect --site %s               (or woochat ingest csv FILE, from an export)
  woochat serve
`, r.Site)
}

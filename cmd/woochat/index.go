package main

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type indexCommand struct {
	Status   indexStatus   `cmd:"" help:"Show which model's vectors each site is searched by, how its texts are cut, what waits, and what is being built."`
	Rebuild  indexRebuild  `cmd:"" help:"Build a site's index anew behind the one that is searched."`
	Rollback indexRollback `cmd:"" help:"Go back to the generation of the index that was searched before."`
}

type indexStatus struct {
	Site string `help:"Id, name or address of the site; all sites if left out."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (indexStatus) Help() string {
	return `A change of WOOCHAT_EMBEDDING_MODEL or WOOCHAT_CHUNK_TOKENS takes effect with the next start of the server, which then builds a new generation of each site's index in the background. BUILDING says how many of the site's documents it has; until it has all of them the site is searched as before.

A site in a language that the model does not know is searched by words only: the word vectors of the program itself (glove) know English.

CHUNKS are the pieces into which texts are cut, and OF how many tokens each has, more or less. WAITING are documents that are found by their words and not yet by their meaning. BEFORE is the generation to which "woochat index rollback" goes back.
`
}

// indexRow is a site's index, as it is printed.
type indexRow struct {
	Site       tenant.SiteID `json:"site_id"`
	Generation int64         `json:"generation"`
	Model      string        `json:"embedding_model"` // "" for words alone
	Chunking   chunkingRow   `json:"chunking"`
	Documents  int           `json:"documents"`
	Chunks     int           `json:"chunks"`
	Waiting    int           `json:"waiting"`
	Unfound    int           `json:"unfound"`
	Building   *buildingRow  `json:"building,omitempty"`
	Former     *formerRow    `json:"former,omitempty"` // what the site can go back to
	Pinned     bool          `json:"pinned"`           // it went back, and stays there
}

// chunkingRow is how texts are cut, in tokens.
type chunkingRow struct {
	Target int64 `json:"target"`
	Max    int64 `json:"max"`
}

func chunkingRowOf(c retrieval.Chunking) chunkingRow {
	target, most := c.Sizes()
	return chunkingRow{target, most}
}

// beside returns r in words, as the size of another generation than one that is
// cut by searched: nothing if it is the same.
func (r chunkingRow) beside(searched chunkingRow) string {
	if r == searched {
		return ""
	}
	return fmt.Sprintf(", chunks of %d", r.Target)
}

type formerRow struct {
	Generation int64       `json:"generation"`
	Model      string      `json:"embedding_model"`
	Chunking   chunkingRow `json:"chunking"`
}

// words returns f in words, beside what is searched.
func (f *formerRow) words(searched chunkingRow) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%d, %s%s", f.Generation, modelWord(f.Model), f.Chunking.beside(searched))
}

type buildingRow struct {
	Generation int64       `json:"generation"`
	Model      string      `json:"embedding_model"`
	Chunking   chunkingRow `json:"chunking"`
	Built      int         `json:"built"`
	Total      int         `json:"total"`
}

func indexRowOf(site tenant.SiteID, st ingesting.IndexStatus) indexRow {
	row := indexRow{
		Site: site, Generation: st.Served.No, Model: st.Served.Model, Chunking: chunkingRowOf(st.Served.Chunking), Documents: st.Shown, Chunks: st.Chunks, Waiting: st.Waiting, Unfound: st.Unfound,
		Pinned: st.Pinned,
	}
	if f := st.Former; f.No != 0 {
		row.Former = &formerRow{Generation: f.No, Model: f.Model, Chunking: chunkingRowOf(f.Chunking)}
	}
	if b := st.Building; b != (retrieval.Generation{}) {
		row.Building = &buildingRow{Generation: b.No, Model: b.Model, Chunking: chunkingRowOf(b.Chunking), Built: max(0, st.Shown-st.Unbuilt), Total: st.Shown}
	}
	return row
}

// modelWord names a generation's model.
func modelWord(model string) string {
	if model == "" {
		return "words only"
	}
	return printable(model)
}

// words returns b in words, beside what is searched.
func (b *buildingRow) words(searched chunkingRow) string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("%s of %s, %s%s", grouped(int64(b.Built)), grouped(int64(b.Total)), modelWord(b.Model), b.Chunking.beside(searched))
}

// Run shows the indexes.
func (c indexStatus) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := oneOrAll(ctx, app, c.Site)
		if err != nil {
			return err
		}
		rows := make([]indexRow, 0, len(sites))
		cells := make([][]string, 0, len(sites))
		for _, s := range sites {
			if err := app.Auditing.Allow(ctx, app.Operator, roles.ReadDocuments, s.Scope(), "state of the index"); err != nil {
				return err
			}
			st, err := app.Ingesting.IndexStatus(ctx, s.Scope())
			if err != nil {
				return err
			}
			r := indexRowOf(s.ID, st)
			rows = append(rows, r)
			cells = append(cells, []string{
				string(r.Site), fmt.Sprint(r.Generation), modelWord(r.Model), grouped(int64(r.Documents)), grouped(int64(r.Chunks)), fmt.Sprint(r.Chunking.Target), grouped(int64(r.Waiting)), r.Building.words(r.Chunking), r.Former.words(r.Chunking),
			})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table([]column{
			{head: "SITE"}, {"GENERATION", true}, {head: "MODEL"}, {"DOCUMENTS", true}, {"CHUNKS", true}, {"OF", true}, {"WAITING", true}, {head: "BUILDING"}, {head: "BEFORE"},
		}, cells, `There is no site yet: "woochat init" creates the first one.`)
		for _, r := range rows {
			if r.Pinned {
				fmt.Fprintf(p.stdout, "\n%s went back, and stays there whatever embedding model or size of chunks is wanted, until \"woochat index rebuild\".\n", r.Site)
			}
		}
		for _, s := range sites {
			if !wiring.KnowsLanguage(app.Config.EmbeddingModel, s.Locale) {
				fmt.Fprintf(p.stdout, "\n%s is in %s, which %s does not know: it is searched by words only.\n", s.ID, printable(s.Locale), app.Config.EmbeddingModel)
			}
		}
		return nil
	})
}

type indexRebuild struct {
	Site   string `help:"Id, name or address of the site; may be left out if there is only one."`
	Detach bool   `help:"Leave the work to the server, which does it in the background."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (indexRebuild) Help() string {
	return `The site is searched as before until the new index is complete; then all searches use it at once. Vectors of texts that have not changed are taken over and cost nothing, as long as the model still makes vectors of the same length. Stopping the command loses nothing: "woochat serve" goes on with it.

Documents are the truth, so nothing that a shopper sees can change by this. It is for an index that was damaged, or for a model's server that was replaced under the same name. Model and size of chunks stay as they are; a site that went back to another generation comes to those that the server wants.

Examples:

    woochat index rebuild --site shop.example.com
    woochat index rebuild --detach
`
}

// rebuiltLine is the last line of a rebuild as JSON.
type rebuiltLine struct {
	Event string `json:"event"`
	indexRow
	Texts    int    `json:"embedded_texts"`
	Tokens   int64  `json:"embedding_tokens"`
	Complete bool   `json:"complete"`
	Reason   string `json:"reason,omitempty"` // why it is not
}

// Run begins a rebuild, and does it unless it is left to the server.
func (c indexRebuild) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		if err := app.Auditing.Allow(ctx, app.Operator, roles.WriteDocuments, site.Scope(), "build the index anew"); err != nil {
			return err
		}
		if _, err := app.Ingesting.Rebuild(ctx, site.Scope()); err != nil {
			return err
		}
		show := p.newShow(c.JSON)
		line := rebuiltLine{Event: "rebuilt"}
		if !c.Detach {
			line.Texts, line.Tokens, line.Reason, err = build(ctx, app, site, show)
			show.wait()
			if err != nil {
				return withHint(err, `what was built is kept, and the site is searched as before: "woochat serve" goes on with it`)
			}
		}
		st, err := app.Ingesting.IndexStatus(ctx, site.Scope())
		if err != nil {
			return err
		}
		line.indexRow, line.Complete = indexRowOf(site.ID, st), st.Building.No == 0
		if show.line(line); show.lines != nil {
			return nil
		}
		switch {
		case line.Complete:
			fmt.Fprintf(p.stdout, "%s is searched in generation %d of its index now (%s, chunks of %d tokens): %s documents, %s texts embedded.\n",
				printable(site.Name), line.Generation, modelWord(line.Model), line.Chunking.Target, grouped(int64(line.Documents)), grouped(int64(line.Texts)))
		case c.Detach:
			fmt.Fprintf(p.stdout, "The server builds generation %d of the index of %s; \"woochat index status\" shows how far it is.\n", line.Building.Generation, printable(site.Name))
		default:
			fmt.Fprintf(p.stdout, "Generation %d of the index of %s has %s documents; the rest comes when %s. \"woochat serve\" goes on with it.\n",
				line.Building.Generation, printable(site.Name), line.Building.words(line.Chunking), line.Reason)
		}
		return nil
	})
}

// build drains until the generation that is built is complete, or something
// stops it.
func build(ctx context.Context, app *wiring.App, site tenant.Site, show *show) (texts int, tokens int64, stopped string, err error) {
	st, err := app.Ingesting.IndexStatus(ctx, site.Scope())
	if err != nil {
		return 0, 0, "", err
	}
	step := show.begin("build", st.Shown)
	defer func() { step.end(err == nil && stopped == "") }()
	for {
		r, err := app.Ingesting.Drain(ctx, site.Scope())
		texts, tokens = texts+r.Texts, tokens+r.Tokens
		if err != nil {
			return texts, tokens, "", err
		}
		step.at(step.done+r.Built, 0)
		switch {
		case r.Paused != nil:
			return texts, tokens, "embedding goes on (" + r.Paused.Error() + ")", nil
		case r.Busy:
			return texts, tokens, "the server, which is at it, is done", nil
		case r.More:
			continue
		}
		if st, err = app.Ingesting.IndexStatus(ctx, site.Scope()); err == nil && st.Building.No != 0 {
			stopped = "a process that can call " + modelWord(st.Building.Model) + " drains it"
		}
		return texts, tokens, stopped, err
	}
}

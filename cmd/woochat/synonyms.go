package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

type synonymsCommand struct {
	List   synonymsList   `cmd:"" help:"List the words that a site takes for the same."`
	Set    synonymsSet    `cmd:"" help:"Set them, in place of all that there are."`
	Remove synonymsRemove `cmd:"" help:"Remove those that have a word, or all."`
}

// synonymRow is a synonym as it is printed.
type synonymRow struct {
	Words []string `json:"words"`
	Means []string `json:"means,omitempty"`
}

type synonymsList struct {
	siteFlag
	jsonFlag
}

// Run lists synonyms.
func (c synonymsList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		list, err := app.Glossary.Synonyms(ctx, app.Operator, site.Scope())
		if err != nil {
			return err
		}
		return p.tellSynonyms(list, c.JSON)
	})
}

func (p *program) tellSynonyms(list []retrieval.Synonym, asJSON bool) error {
	rows := make([]synonymRow, 0, len(list))
	var cells [][]string
	for _, s := range list {
		rows = append(rows, synonymRow(s))
		cells = append(cells, []string{printable(s.String())})
	}
	if asJSON {
		return jsonList(p, rows)
	}
	p.table(left("SYNONYMS"), cells, `No synonyms yet: woochat synonyms set "sneakers = trainers = gym shoes"`)
	return nil
}

type synonymsSet struct {
	Rules []string `arg:"" name:"rule" help:"Words that mean the same, or what one of them is, in quotes: see below."`
	Add   bool     `help:"Keep those that there are."`
	siteFlag
	jsonFlag
}

// Help implements kong.HelpProvider.
func (synonymsSet) Help() string {
	return `Examples:

    woochat synonyms set "sneakers = trainers = gym shoes" "hoodie -> sweatshirt"
    woochat synonyms set --add "kettle = teapot"

Words joined by = are found by one another. After -> stands what is found, too, by the words before it, and not the other way round. Changes hold from the next question on; nothing is indexed anew.
`
}

// Run sets synonyms.
func (c synonymsSet) Run(ctx context.Context, p *program) error {
	var list []retrieval.Synonym
	for _, rule := range c.Rules {
		s, err := retrieval.ParseSynonym(rule)
		if err != nil {
			return &chat.InputError{Field: "rule", Reason: "cannot be taken: " + strings.TrimPrefix(err.Error(), retrieval.ErrBadSynonyms.Error()+": ")}
		}
		list = append(list, s)
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		if c.Add {
			have, err := app.Glossary.Synonyms(ctx, app.Operator, site.Scope())
			if err != nil {
				return err
			}
			list = append(have, list...)
		}
		if list, err = app.Glossary.SetSynonyms(ctx, app.Operator, site.Scope(), list); err != nil {
			return err
		}
		return p.tellSynonyms(list, c.JSON)
	})
}

type synonymsRemove struct {
	Words []string `arg:"" optional:"" name:"word" help:"A word; all synonyms that have it are removed."`
	All   bool     `help:"Remove all."`
	siteFlag
}

// Run removes synonyms.
func (c synonymsRemove) Run(ctx context.Context, p *program) error {
	if c.All == (len(c.Words) > 0) {
		return errors.New("name words, or --all")
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		list, err := app.Glossary.Synonyms(ctx, app.Operator, site.Scope())
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(list), func(s retrieval.Synonym) bool {
			return c.All || slices.ContainsFunc(append(slices.Clone(s.Words), s.Means...), func(have string) bool {
				return slices.ContainsFunc(c.Words, func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), have) })
			})
		})
		if _, err := app.Glossary.SetSynonyms(ctx, app.Operator, site.Scope(), left); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Removed %d, %d left.\n", len(list)-len(left), len(left))
		return nil
	})
}

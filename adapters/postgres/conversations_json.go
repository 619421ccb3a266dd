package postgres

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// The shapes below are what is stored, and not the domain's types: a field of
// the domain can be renamed without what was stored yesterday being lost. Keys
// are never renamed or used again for something else; what changes in another
// way gets a new version, and the old one stays readable. omitzero leaves out
// nil but keeps an empty list. The format is that of adapters/sqlite, so that
// what one store holds can be carried to the other.

// jsonVersion is the version of everything that is written here.
const jsonVersion = 1

// versioned is the envelope of all stored JSON.
type versioned[T any] struct {
	V    int `json:"v"`
	Data T   `json:"data"`
}

// encoded returns data in its envelope. The error, for a time that JSON cannot
// say, matches ports.ErrInvalid. What jsonb cannot hold, which is the character
// U+0000, the server refuses, and mapped makes that ports.ErrInvalid, too.
func encoded[T any](data T) (string, error) {
	b, err := json.Marshal(versioned[T]{jsonVersion, data})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return string(b), nil
}

// decoded reads what encoded wrote.
func decoded[T any](stored string) (T, error) {
	var env versioned[T]
	if err := json.Unmarshal([]byte(stored), &env); err != nil {
		return env.Data, fmt.Errorf("%w: stored JSON: %w", ports.ErrUnavailable, err)
	}
	if env.V != jsonVersion {
		return env.Data, fmt.Errorf("%w: stored JSON has version %d, known is %d: use the newer woochat", ports.ErrUnavailable, env.V, jsonVersion)
	}
	return env.Data, nil
}

type moneyJSON struct {
	Minor    int64  `json:"minor,omitzero"`
	Currency string `json:"currency,omitzero"`
	Exponent uint8  `json:"exponent,omitzero"`
}

type attributeJSON struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitzero"`
}

func attributesToJSON(as []catalog.Attribute) []attributeJSON {
	return each(as, func(a catalog.Attribute) attributeJSON { return attributeJSON{a.Name, a.Values} })
}

func attributesOfJSON(as []attributeJSON) []catalog.Attribute {
	return each(as, func(a attributeJSON) catalog.Attribute { return catalog.Attribute{Name: a.Name, Values: a.Values} })
}

// each returns f of each element; nil for nil, and empty for empty.
func each[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

type citationJSON struct {
	Marker   int    `json:"n"`
	Document string `json:"document"`
	Revision string `json:"revision"`
	Seq      int    `json:"seq"`
	Title    string `json:"title"`
	URL      string `json:"url"`
}

type cardJSON struct {
	Document   string              `json:"document"`
	Title      string              `json:"title"`
	URL        string              `json:"url"`
	ImageURL   string              `json:"image_url,omitzero"`
	SKU        string              `json:"sku,omitzero"`
	Min        moneyJSON           `json:"min,omitzero"`
	Max        moneyJSON           `json:"max,omitzero"`
	RegularMin moneyJSON           `json:"regular_min,omitzero"`
	RegularMax moneyJSON           `json:"regular_max,omitzero"`
	OnSale     bool                `json:"on_sale,omitzero"`
	Stock      catalog.StockStatus `json:"stock,omitzero"` // its numbers are part of the format
	Attributes []attributeJSON     `json:"attributes,omitzero"`
	AsOf       time.Time           `json:"as_of,omitzero"`
}

func citationsToJSON(cs []chat.Citation) (sql.NullString, error) {
	if cs == nil {
		return sql.NullString{}, nil
	}
	s, err := encoded(each(cs, func(c chat.Citation) citationJSON {
		return citationJSON{c.Marker, string(c.Passage.Document), c.Passage.Revision, c.Passage.Seq, c.Title, c.URL}
	}))
	return sql.NullString{String: s, Valid: true}, err
}

func citationsOfJSON(stored sql.NullString) ([]chat.Citation, error) {
	if !stored.Valid {
		return nil, nil
	}
	cs, err := decoded[[]citationJSON](stored.String)
	return each(cs, func(c citationJSON) chat.Citation {
		return chat.Citation{
			Marker:  c.Marker,
			Passage: retrieval.PassageRef{Document: retrieval.DocumentID(c.Document), Revision: c.Revision, Seq: c.Seq},
			Title:   c.Title, URL: c.URL,
		}
	}), err
}

func cardsToJSON(cards []chat.Card) (sql.NullString, error) {
	if cards == nil {
		return sql.NullString{}, nil
	}
	s, err := encoded(each(cards, func(c chat.Card) cardJSON {
		return cardJSON{
			Document: string(c.Document), Title: c.Title, URL: c.URL, ImageURL: c.ImageURL, SKU: c.SKU,
			Min: moneyJSON(c.Price.Min), Max: moneyJSON(c.Price.Max),
			RegularMin: moneyJSON(c.Price.RegularMin), RegularMax: moneyJSON(c.Price.RegularMax), OnSale: c.Price.OnSale,
			Stock: c.Stock, Attributes: attributesToJSON(c.Attributes), AsOf: c.AsOf.UTC(),
		}
	}))
	return sql.NullString{String: s, Valid: true}, err
}

func cardsOfJSON(stored sql.NullString) ([]chat.Card, error) {
	if !stored.Valid {
		return nil, nil
	}
	cards, err := decoded[[]cardJSON](stored.String)
	return each(cards, func(c cardJSON) chat.Card {
		return chat.Card{
			Document: retrieval.DocumentID(c.Document), Title: c.Title, URL: c.URL, ImageURL: c.ImageURL, SKU: c.SKU,
			Price: catalog.PriceRange{
				Min: catalog.Money(c.Min), Max: catalog.Money(c.Max),
				RegularMin: catalog.Money(c.RegularMin), RegularMax: catalog.Money(c.RegularMax), OnSale: c.OnSale,
			},
			Stock: c.Stock, Attributes: attributesOfJSON(c.Attributes), AsOf: c.AsOf.UTC(),
		}
	}), err
}

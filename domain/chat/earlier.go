package chat

import "github.com/aiwoochat/woochat/domain/retrieval"

// Earlier returns what of turns a later question may take up: what was asked,
// and the products that the answer showed, as it showed them.
func Earlier(turns []Turn) []retrieval.Earlier {
	out := make([]retrieval.Earlier, 0, len(turns))
	for _, t := range turns {
		e := retrieval.Earlier{Question: t.Question}
		for _, c := range t.Cards {
			e.Shown = append(e.Shown, ShownOf(c))
		}
		out = append(out, e)
	}
	return out
}

// ShownOf returns what a later question may take up of a card.
func ShownOf(c Card) retrieval.Shown {
	return retrieval.Shown{Document: c.Document, Title: c.Title, Code: c.SKU, Price: c.Price.Min, Attributes: c.Attributes}
}

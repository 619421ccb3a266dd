package ginhttp

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
)

// The shapes that go over the wire. They are kept apart from the domain's, so
// that a renamed field there changes nothing for a client.

type wireCard struct {
	ID         string              `json:"id"`
	Title      string              `json:"title"`
	URL        string              `json:"url"`
	ImageURL   string              `json:"image_url,omitempty"`
	SKU        string              `json:"sku,omitempty"`
	Price      *wirePrice          `json:"price"`
	Stock      *wireStock          `json:"stock"`
	Attributes map[string][]string `json:"attributes,omitempty"`
	AsOf       string              `json:"as_of,omitempty"`
}

type wirePrice struct {
	Text        string `json:"text"`
	RegularText string `json:"regular_text,omitempty"`
	OnSale      bool   `json:"on_sale"`
	Amount      string `json:"amount"`               // the lowest, decimal
	AmountMax   string `json:"amount_max,omitempty"` // the highest, if another
	Currency    string `json:"currency"`
}

type wireStock struct {
	Status string `json:"status"` // instock, outofstock, onbackorder
	Text   string `json:"text"`
}

type wireSource struct {
	N     int    `json:"n"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

type wireTokens struct {
	Input  int64 `json:"prompt_tokens"`
	Output int64 `json:"completion_tokens"`
	Total  int64 `json:"total_tokens"`
}

func cards(cs []chat.Card) []wireCard {
	out := make([]wireCard, 0, len(cs))
	for _, c := range cs {
		w := wireCard{ID: string(c.Document), Title: c.Title, URL: c.URL, ImageURL: c.ImageURL, SKU: c.SKU}
		if c.Price.Min.IsSet() {
			w.Price = &wirePrice{
				Text: chat.PriceText(c.Price.Min, c.Price.Max), OnSale: c.Price.OnSale,
				Amount: c.Price.Min.Decimal(), Currency: c.Price.Min.Currency,
			}
			if c.Price.Max.Cmp(c.Price.Min) != 0 {
				w.Price.AmountMax = c.Price.Max.Decimal()
			}
			w.Price.RegularText = chat.RegularText(c.Price)
		}
		if c.Stock != catalog.StockStatus(0) {
			w.Stock = &wireStock{Status: c.Stock.String(), Text: chat.StockText(c.Stock)}
		}
		for _, a := range c.Attributes {
			if w.Attributes == nil {
				w.Attributes = map[string][]string{}
			}
			w.Attributes[a.Name] = a.Values
		}
		if !c.AsOf.IsZero() {
			w.AsOf = c.AsOf.UTC().Format(time.RFC3339)
		}
		out = append(out, w)
	}
	return out
}

func sources(cs []chat.Citation) []wireSource {
	out := make([]wireSource, 0, len(cs))
	for _, c := range cs {
		out = append(out, wireSource{N: c.Marker, Title: c.Title, URL: c.URL})
	}
	return out
}

func tokenCounts(t chat.Tokens) wireTokens { return wireTokens{t.Input, t.Output, t.Total()} }

// frame returns e as one SSE frame.
func (s *Server) frame(m chat.MessageID, e chat.StreamEvent, requestID string) ([]byte, error) {
	var data any
	switch e.Kind {
	case chat.EventStart:
		data = map[string]any{"conversation_id": e.Conversation, "message_id": e.Message}
	case chat.EventDelta:
		data = map[string]any{"text": e.Text}
	case chat.EventSources:
		data = sources(e.Sources)
	case chat.EventProducts:
		data = cards(e.Cards)
	case chat.EventEnd:
		end := map[string]any{"finish": e.Finish.String(), "usage": tokenCounts(e.Tokens)}
		if e.Notice != "" {
			end["notice"] = e.Notice
		}
		data = end
	case chat.EventError:
		data = s.describe(e.Err).body(requestID)
	}
	body, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(body)+96)
	b = append(b, "id: "...)
	b = append(b, m...)
	b = append(b, ':')
	b = strconv.AppendInt(b, e.No, 10)
	b = append(b, "\nevent: "...)
	b = append(b, e.Kind.String()...)
	b = append(b, "\ndata: "...)
	b = append(b, body...) // JSON of encoding/json holds no line break
	return append(b, "\n\n"...), nil
}

package ingesting

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// ErrBadPayload is matched by the errors of DecodePayload.
var ErrBadPayload = errors.New("not a payload that this version can read")

// payloadVersion is raised when catalog's types change so that what waits in a
// queue would be read wrongly.
const payloadVersion = 1

type payload struct {
	Version  int               `json:"v"`
	Product  *catalog.Product  `json:"product,omitempty"`
	Deleted  *catalog.Deleted  `json:"deleted,omitempty"`
	Rejected *catalog.Rejected `json:"rejected,omitempty"`
}

func (p payload) valid() bool {
	set := 0
	for _, is := range []bool{p.Product != nil, p.Deleted != nil, p.Rejected != nil} {
		if is {
			set++
		}
	}
	return set == 1 && p.Version == payloadVersion
}

// EncodePayload spells what a shop sent with a hint, so that it can wait in a
// queue: a Product, also one that shoppers may not see, of which only what
// hides it is kept, a Deleted, or a Rejected. Everything else is an error.
func EncodePayload(c catalog.Change) ([]byte, error) {
	p := payload{Version: payloadVersion, Product: c.Product, Deleted: c.Deleted, Rejected: c.Rejected}
	if !p.valid() {
		return nil, fmt.Errorf("%w: neither a product nor a deletion", ErrBadPayload)
	}
	if p.Product != nil {
		p.Product = withoutSecrets(p.Product)
	}
	if r := p.Rejected; r != nil && r.Known != nil {
		kept := *r
		kept.Known = withoutSecrets(r.Known)
		p.Rejected = &kept
	}
	return json.Marshal(p)
}

// withoutSecrets returns p, of which only what hides it is left if it is hidden.
func withoutSecrets(p *catalog.Product) *catalog.Product {
	if p.Shown() {
		return p
	}
	return &catalog.Product{ID: p.ID, Type: p.Type, Name: p.Name, Status: p.Status, Visibility: p.Visibility, Protected: p.Protected, Updated: p.Updated}
}

// DecodePayload reads what EncodePayload wrote.
func DecodePayload(text []byte) (catalog.Change, error) {
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return catalog.Change{}, fmt.Errorf("%w: %w", ErrBadPayload, err)
	}
	if !p.valid() {
		return catalog.Change{}, fmt.Errorf("%w: version %d", ErrBadPayload, p.Version)
	}
	return catalog.Change{Product: p.Product, Deleted: p.Deleted, Rejected: p.Rejected}, nil
}

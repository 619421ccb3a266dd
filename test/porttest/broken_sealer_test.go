package porttest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badSealer does not encrypt, but keeps the contract as far as a caller can
// tell, and but for its fault.
type badSealer struct {
	keys  []string
	fault string
	mu    sync.Mutex
	n     int
	last  []byte // what Seal leaves behind, if that is the fault
}

type badlySealed struct {
	Key, Purpose string
	N            int
	Plain        []byte
	Sum          []byte
}

func (p badlySealed) sum() []byte {
	p.Sum = nil
	raw, _ := json.Marshal(p)
	sum := sha256.Sum256(raw)
	return sum[:]
}

func (b *badSealer) Seal(purpose string, plain []byte) (string, error) {
	b.mu.Lock()
	b.n++
	p := badlySealed{Key: b.keys[0], Purpose: purpose, N: b.n, Plain: plain}
	b.mu.Unlock()
	switch b.fault {
	case "the last key seals":
		p.Key = b.keys[len(b.keys)-1]
	case "the same each time":
		p.N = 0
	case "one purpose for all":
		p.Purpose = ""
	case "the purpose's first letters":
		p.Purpose = purpose[:min(len(purpose), 11)]
	case "cut at 100":
		p.Plain = plain[:min(len(plain), 100)]
	case "keeps state":
		b.mu.Lock()
		b.last = plain
		b.mu.Unlock()
	}
	p.Sum = p.sum()
	raw, _ := json.Marshal(p)
	if b.fault == "binary" {
		return string(raw), nil
	}
	return base64.StdEncoding.Strict().EncodeToString(raw), nil
}

func (b *badSealer) open(sealed string) (p badlySealed, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(sealed)
	if b.fault == "binary" {
		raw, err = []byte(sealed), nil
	}
	if err != nil && b.fault != "what follows does not matter" {
		return p, false
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&p); err != nil {
		return p, false
	}
	if b.fault == "what follows does not matter" {
		return p, true
	}
	again, _ := json.Marshal(p)
	if b.fault != "binary" && base64.StdEncoding.EncodeToString(again) != sealed {
		return p, false
	}
	return p, b.fault == "not authenticated" || bytes.Equal(p.Sum, p.sum())
}

func (b *badSealer) Open(purpose, sealed string) ([]byte, error) {
	p, ok := b.open(sealed)
	switch b.fault {
	case "one purpose for all":
		purpose = ""
	case "the purpose's first letters":
		purpose = purpose[:min(len(purpose), 11)]
	}
	known := slices.Contains(b.keys, p.Key)
	if b.fault == "only the first key opens" {
		known = b.keys[0] == p.Key
	}
	switch {
	case !ok:
		return nil, ports.ErrInvalid
	case !known && b.fault == "any key opens":
	case !known && b.fault == "an unknown key is no text":
		return nil, ports.ErrInvalid
	case !known:
		return nil, ports.ErrNotFound
	case p.Purpose != purpose && b.fault == "another purpose is an unknown key":
		return nil, ports.ErrNotFound
	case p.Purpose != purpose && b.fault == "another purpose opens, with an error":
		return p.Plain, ports.ErrInvalid
	case p.Purpose != purpose:
		return nil, ports.ErrInvalid
	}
	if b.fault == "keeps state" {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !bytes.Equal(b.last, p.Plain) {
			return nil, errors.New("another text was sealed last")
		}
	}
	return p.Plain, nil
}

func (b *badSealer) Current(sealed string) bool {
	p, ok := b.open(sealed)
	switch b.fault {
	case "what opens is current":
		return ok && slices.Contains(b.keys, p.Key)
	case "anything is current":
		return !ok || p.Key == b.keys[0]
	}
	return ok && p.Key == b.keys[0]
}

func openBadSealer(fault string) func(*testing.T, ...string) ports.Sealer {
	return func(_ *testing.T, keys ...string) ports.Sealer { return &badSealer{keys: keys, fault: fault} }
}

func TestSealerSuitePassesWithoutAFault(t *testing.T) { porttest.Sealer(t, openBadSealer("")) }

func TestSealerSuiteCatches(t *testing.T) {
	for _, b := range []struct{ fault, by string }{
		{"cut at 100", "round trip"},
		{"keeps state", "twice"},
		{"binary", "printable"},
		{"the same each time", "twice"},
		{"one purpose for all", "purpose"},
		{"the purpose's first letters", "purpose"},
		{"another purpose is an unknown key", "purpose"},
		{"another purpose opens, with an error", "purpose"},
		{"not authenticated", "changed"},
		{"what follows does not matter", "changed"},
		{"the last key seals", "rotation"},
		{"only the first key opens", "rotation"},
		{"what opens is current", "rotation"},
		{"any key opens", "unknown key"},
		{"an unknown key is no text", "unknown key"},
		{"anything is current", "unknown key"},
	} {
		t.Run(b.fault, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.Sealer(t, openBadSealer(b.fault)) })
		})
	}
}

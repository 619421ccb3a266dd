package porttest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badSynonyms is a store of synonyms that works but for what is set.
type badSynonyms struct {
	ports.Synonyms
	get func(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error)
	put func(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error
}

func (b badSynonyms) SynonymsOf(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error) {
	if b.get == nil {
		return b.Synonyms.SynonymsOf(ctx, s)
	}
	return b.get(ctx, s)
}

func (b badSynonyms) PutSynonyms(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error {
	if b.put == nil {
		return b.Synonyms.PutSynonyms(ctx, s, list)
	}
	return b.put(ctx, s, list)
}

func synonymsUnderTest(s ports.Synonyms) porttest.SynonymsUnderTest {
	return porttest.SynonymsUnderTest{
		Synonyms: s,
		NewScope: func(*testing.T) tenant.Scope {
			return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
		},
		NewSite: func(_ *testing.T, id tenant.ID) tenant.Scope {
			return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
		},
	}
}

// brokenSynonyms are wrong in one way each; by is the case that must catch it.
func brokenSynonyms() map[string]struct {
	by   string
	open func() ports.Synonyms
} {
	type broken = struct {
		by   string
		open func() ports.Synonyms
	}
	// moved stores the synonyms of each scope under another one.
	moved := func(by string, to func(tenant.Scope) tenant.Scope) broken {
		return broken{by, func() ports.Synonyms {
			good := memory.NewSynonyms()
			return badSynonyms{
				get: func(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error) {
					return good.SynonymsOf(ctx, to(s))
				},
				put: func(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error {
					return good.PutSynonyms(ctx, to(s), list)
				},
			}
		}}
	}
	putting := func(by string, put func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, list []retrieval.Synonym) error) broken {
		return broken{by, func() ports.Synonyms {
			good := memory.NewSynonyms()
			return badSynonyms{Synonyms: good, put: func(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error {
				return put(ctx, good, s, list)
			}}
		}}
	}
	type list = []retrieval.Synonym
	return map[string]broken{
		"one list for a tenant": moved("isolation", func(s tenant.Scope) tenant.Scope {
			if s.Valid() == nil {
				s.Site = "site_x"
			}
			return s
		}),
		"scope by site only": moved("crossed", func(s tenant.Scope) tenant.Scope {
			if s.Valid() == nil {
				s.Tenant = "ten_x"
			}
			return s
		}),
		"nobody's synonyms": moved("no scope", func(s tenant.Scope) tenant.Scope {
			if s.Valid() != nil {
				return tenant.Scope{Tenant: "ten_x", Site: "site_x"}
			}
			return s
		}),
		"adds": putting("replaced", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			have, _ := good.SynonymsOf(ctx, s)
			return good.PutSynonyms(ctx, s, append(have, l...))
		}),
		"keeps what is emptied": putting("replaced", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			if len(l) == 0 {
				return good.PutSynonyms(ctx, s, list{{Words: []string{"e", "f"}}})
			}
			return good.PutSynonyms(ctx, s, l)
		}),
		"sorts": putting("round trip", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			l = slices.Clone(l)
			slices.Reverse(l)
			return good.PutSynonyms(ctx, s, l)
		}),
		"forgets which way": putting("round trip", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			l = slices.Clone(l)
			for i, x := range l {
				l[i] = retrieval.Synonym{Words: append(slices.Clone(x.Words), x.Means...)}
			}
			return good.PutSynonyms(ctx, s, l)
		}),
		"stores the good ones of a bad list": putting("refused", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			err := good.PutSynonyms(ctx, s, l)
			if err != nil && len(l) > 1 && len(l) < 10 {
				_ = good.PutSynonyms(ctx, s, l[:1])
			}
			return err
		}),
		"takes anything": putting("refused", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			if _, err := retrieval.ValidSynonyms(l); err != nil && s.Valid() == nil {
				return nil
			}
			return good.PutSynonyms(ctx, s, l)
		}),
		"cuts long lists": putting("most", func(ctx context.Context, good *memory.Synonyms, s tenant.Scope, l list) error {
			if len(l) == retrieval.MaxSynonyms {
				l = l[:100]
			}
			return good.PutSynonyms(ctx, s, l)
		}),
		"stores them untidied": {"tidied", func() ports.Synonyms {
			good := memory.NewSynonyms()
			raw := map[tenant.Scope]list{}
			return badSynonyms{
				get: func(ctx context.Context, s tenant.Scope) (list, error) {
					if _, err := good.SynonymsOf(ctx, s); err != nil {
						return nil, err
					}
					return raw[s], nil
				},
				put: func(ctx context.Context, s tenant.Scope, l list) error {
					if err := good.PutSynonyms(ctx, s, l); err != nil {
						return err
					}
					raw[s] = nil
					for _, x := range l {
						raw[s] = append(raw[s], retrieval.Synonym{Words: slices.Clone(x.Words), Means: slices.Clone(x.Means)})
					}
					return nil
				},
			}
		}},
		"hands out its own": {"not kept", func() ports.Synonyms {
			good := memory.NewSynonyms()
			own := map[tenant.Scope]list{}
			return badSynonyms{
				get: func(ctx context.Context, s tenant.Scope) (list, error) {
					if own[s] == nil {
						l, err := good.SynonymsOf(ctx, s)
						own[s] = l
						return l, err
					}
					return own[s], nil
				},
				put: func(ctx context.Context, s tenant.Scope, l list) error {
					delete(own, s)
					return good.PutSynonyms(ctx, s, l)
				},
			}
		}},
	}
}

func TestSynonymsSuiteCatchesFaults(t *testing.T) {
	for name, b := range brokenSynonyms() {
		t.Run(name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Synonyms(t, func(*testing.T) porttest.SynonymsUnderTest { return synonymsUnderTest(b.open()) })
			})
		})
	}
}

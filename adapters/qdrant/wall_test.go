package qdrant

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

func shop() tenant.Scope {
	return tenant.Scope{Tenant: "ten_0197a000-0000-7000-8000-000000000001", Site: "site_0197a000-0000-7000-8000-000000000002"}
}

// A filter without tenant or site is not made: better no answer than everybody's.
func TestNoFilterWithoutAScope(t *testing.T) {
	whole := shop()
	for name, s := range map[string]tenant.Scope{"neither": {}, "no site": {Tenant: whole.Tenant}, "no tenant": {Site: whole.Site}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a filter was made", name)
				}
			}()
			owner{Scope: s, generation: 1}.filter()
		}()
	}
	if f := (owner{Scope: whole}).filter(); len(f.GetMust()) != 3 {
		t.Errorf("got %v, want conditions on tenant, site and generation", f)
	}
}

// What is written in a point is read again by its owner, and by nobody else.
func TestMark(t *testing.T) {
	o := owner{shop(), 7}
	others := []owner{
		{o.Scope, 8},
		{tenant.Scope{Tenant: o.Tenant, Site: o.Site + "0"}, 7},
		{tenant.Scope{Tenant: o.Tenant + "0", Site: o.Site}, 7},
	}
	for _, ref := range []retrieval.PassageRef{
		{},
		{Document: "product:1", Revision: "r1", Seq: 3},
		{Document: "page:|1|", Revision: "a|b||", Seq: 1 << 30},
		{Document: "ページ:1", Revision: "版"},
		{Document: "5|x", Revision: ""},
	} {
		p := o.payload()
		m := mark{ref, 12}
		p[fieldRef] = stringValue(o.written(m))
		if got, ok := o.read(p); !ok || got != m {
			t.Errorf("%+v: read as %+v, %v", m, got, ok)
		}
		for _, other := range others {
			if got, ok := other.read(p); ok {
				t.Errorf("%+v is %+v to %+v", m, got, other)
			}
		}
	}
	for _, text := range []string{"", "x", o.written(mark{})[:20], string(o.Tenant) + "|" + string(o.Site) + "|7|", string(o.Tenant) + "|" + string(o.Site) + "|7|1|2|99|r", string(o.Tenant) + "|" + string(o.Site) + "|7|1|2|-1|r"} {
		p := o.payload()
		p[fieldRef] = stringValue(text)
		if m, ok := o.read(p); ok {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

// Ids and words of two generations, sites and chunks are never the same.
func TestIDs(t *testing.T) {
	ref := retrieval.PassageRef{Document: "product:1", Revision: "r1", Seq: 1}
	o := owner{shop(), 1}
	id := o.pointID(ref).GetUuid()
	if id != o.pointID(ref).GetUuid() || len(id) != 36 || id[14] != '5' {
		t.Errorf("got %s, want the same UUIDv5 each time", id)
	}
	for name, other := range map[string]string{
		"generation": owner{o.Scope, 2}.pointID(ref).GetUuid(),
		"site":       owner{tenant.Scope{Tenant: o.Tenant, Site: "site_x"}, 1}.pointID(ref).GetUuid(),
		"document":   o.pointID(retrieval.PassageRef{Document: "product:11", Revision: "r1", Seq: 1}).GetUuid(),
		"revision":   o.pointID(retrieval.PassageRef{Document: "product:1", Revision: "r11", Seq: 1}).GetUuid(),
		"chunk":      o.pointID(retrieval.PassageRef{Document: "product:1", Revision: "r1", Seq: 11}).GetUuid(),
		"anchor":     o.id(anchorWord).GetUuid(),
	} {
		if other == id {
			t.Errorf("another %s has the same id", name)
		}
	}
	words := map[uint32]string{}
	for generation := range int64(40) {
		for _, w := range []string{"red", "der", "a", "b", everyChunk, anchorWord, "登山"} {
			dim := owner{o.Scope, generation}.dimension(w)
			if had, ok := words[dim]; ok {
				t.Errorf("%s and %s of generation %d are one", had, w, generation)
			}
			words[dim] = w
		}
	}
}

func stringValue(s string) *qdrant.Value { return qdrant.NewValueString(s) }

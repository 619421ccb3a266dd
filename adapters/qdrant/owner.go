package qdrant

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is made of it; nothing is kept secret by it
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Fields of a point's payload. Those of facts are in facts.go.
const (
	fieldTenant     = "tenant"
	fieldSite       = "site"
	fieldGeneration = "generation"
	fieldDocument   = "document"
	fieldPut        = "put"       // counts what was put of the document: the highest is the newest
	fieldOpen       = "open"      // only there while its revision is on its way in, or if it was left there: see settle.go
	fieldFirst      = "first"     // it is the first chunk of its revision,
	fieldCommitted  = "committed" // and says so when the revision is complete
	fieldRef        = "ref"       // whose it is and what, in one: see mark
	fieldKey        = "key"       // of the text that its vector was made of
	fieldRaw        = "raw"       // the vector as it was put, if it was not of length 1
	fieldAnchor     = "anchor"    // no chunk: see home.go
	fieldMoved      = "moved"
	fieldSerial     = "serial"
)

// owner is a generation of a site: all that one request may see.
type owner struct {
	tenant.Scope

	generation int64
}

// filter returns a filter that lets nothing through that is not o's. It is the
// only maker of filters here, so that none is without. It panics if o has no
// tenant or site: then the caller forgot to ask, and nothing is better than
// everything.
func (o owner) filter(must ...*qdrant.Condition) *qdrant.Filter {
	if o.Valid() != nil {
		panic("qdrant: a request without a tenant or a site")
	}
	return &qdrant.Filter{Must: append([]*qdrant.Condition{
		qdrant.NewMatchKeyword(fieldTenant, string(o.Tenant)),
		qdrant.NewMatchKeyword(fieldSite, string(o.Site)),
		qdrant.NewMatchInt(fieldGeneration, o.generation),
	}, must...)}
}

// payload returns the fields by which filter finds o's points.
func (o owner) payload() map[string]*qdrant.Value {
	return map[string]*qdrant.Value{
		fieldTenant: qdrant.NewValueString(string(o.Tenant)), fieldSite: qdrant.NewValueString(string(o.Site)),
		fieldGeneration: qdrant.NewValueInt(o.generation),
	}
}

func ofDocument(id retrieval.DocumentID) *qdrant.Condition {
	return qdrant.NewMatchKeyword(fieldDocument, string(id))
}

// mark is what fieldRef holds: whose a point is, and which. It stands beside the
// fields that are filtered by, so that one mistake does not spoil both, and in
// one string, since each field of each point costs a search time.
type mark struct {
	ref retrieval.PassageRef
	put int64
}

func (o owner) written(m mark) string {
	return fmt.Sprintf("%s%d|%d|%d|%s%s", o.begins(), m.ref.Seq, m.put, len(m.ref.Revision), m.ref.Revision, m.ref.Document)
}

// begins is how all of o's marks begin.
func (o owner) begins() string {
	return string(o.Tenant) + "|" + string(o.Site) + "|" + strconv.FormatInt(o.generation, 10) + "|"
}

// read returns the mark of a point; false if the point is not o's.
func (o owner) read(p map[string]*qdrant.Value) (mark, bool) {
	return readMark(p[fieldRef].GetStringValue(), o.begins())
}

// readMark reads what stands in a mark after its beginning.
func readMark(text, begins string) (mark, bool) {
	rest, ok := strings.CutPrefix(text, begins)
	if !ok {
		return mark{}, false
	}
	var m mark
	var n [3]int64
	for i := range n {
		end := strings.IndexByte(rest, '|')
		if end < 0 {
			return mark{}, false
		}
		x, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil {
			return mark{}, false
		}
		n[i], rest = x, rest[end+1:]
	}
	if n[2] < 0 || n[2] > int64(len(rest)) {
		return mark{}, false
	}
	m.ref.Seq, m.put = int(n[0]), n[1]
	m.ref.Revision, m.ref.Document = rest[:n[2]], retrieval.DocumentID(rest[n[2]:])
	return m, true
}

// chunk returns the mark of a chunk's point; false if the point is not o's, or is
// no chunk.
func (o owner) chunk(p map[string]*qdrant.Value) (mark, bool) {
	m, ok := o.read(p)
	return m, ok && m.ref.Document != ""
}

// space is the namespace of our UUIDs.
const space = "\x3b\x0c\x5e\x9a\x6d\x1f\x5c\x4e\x9d\x2a\x77\x61\x0e\x4f\x8c\x55"

// id returns the id of one of o's points: the UUIDv5 of the generation, the
// site, and what the point is.
func (o owner) id(parts ...string) *qdrant.PointId {
	h := sha1.New() //nolint:gosec // see above
	_, _ = fmt.Fprintf(h, "%s%d|%d:%s%d:%s", space, o.generation, len(o.Tenant), o.Tenant, len(o.Site), o.Site)
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "|%d:%s", len(p), p)
	}
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	t := hex.EncodeToString(u)
	return qdrant.NewIDUUID(t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:])
}

// pointID returns the id of a chunk of a revision: the same whenever it is put.
func (o owner) pointID(r retrieval.PassageRef) *qdrant.PointId {
	return o.id("chunk", string(r.Document), r.Revision, strconv.Itoa(r.Seq))
}

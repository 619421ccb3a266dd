package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// marks are the pages that were read, by a hash of their addresses, each with what
// the site told to ask by whether it has changed: its ETag, else when it was last
// modified, in Unix seconds, else "". What could not be read has none, so that it
// is asked for as if for the first time.
type marks map[string]string

// Bounds of marks: they are a part of the cursor.
const (
	maxMarks = 10_000
	maxETag  = 120 // bytes
)

func markKey(address string) string {
	sum := sha256.Sum256([]byte(address))
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// set notes what was read of a page, or with ok false that nothing was.
func (m marks) set(address, validator string, ok bool) {
	key := markKey(address)
	if _, known := m[key]; !ok || !known && len(m) >= maxMarks {
		delete(m, key)
		return
	}
	m[key] = validator
}

// keep forgets all pages but these.
func (m marks) keep(pages []entry) {
	named := make(map[string]struct{}, len(pages))
	for _, e := range pages {
		named[markKey(e.address)] = struct{}{}
	}
	maps.DeleteFunc(m, func(key, _ string) bool { _, ok := named[key]; return !ok })
}

// validator returns what a page is asked by the next time: RFC 9110, 8.8 and 13.1.
// What it was redirected from is not told by what it came to.
func validator(header http.Header, redirected bool) string {
	if redirected {
		return ""
	}
	if tag := header.Get("ETag"); isETag(tag) {
		return tag
	}
	if t, err := http.ParseTime(header.Get("Last-Modified")); err == nil && t.Unix() > 0 {
		return strconv.FormatInt(t.Unix(), 10)
	}
	return ""
}

// isETag reports whether tag is one as RFC 9110, 8.8.3 has it, of ASCII.
func isETag(tag string) bool {
	opaque, ok := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
	if !ok || len(tag) > maxETag {
		return false
	}
	opaque, ok = strings.CutSuffix(opaque, `"`)
	return ok && strings.IndexFunc(opaque, func(r rune) bool { return r <= ' ' || r == '"' || r >= 0x7F }) < 0
}

// ask adds to a request the condition that the page has changed.
func ask(header http.Header, validator string) {
	switch seconds, err := strconv.ParseInt(validator, 10, 64); {
	case validator == "":
	case err == nil:
		header.Set("If-Modified-Since", time.Unix(seconds, 0).UTC().Format(http.TimeFormat))
	default:
		header.Set("If-None-Match", validator)
	}
}

// cursor is how far a crawl is.
type cursor struct {
	began time.Time // when the crawl began
	since time.Time // when the one before began; zero: all is read
	done  bool
	last  string // the last address that was read
	read  marks  // nil for a cursor of an older version, which had none
}

const (
	cursorPrefix = "web2:"
	olderPrefix  = "web1:" // without marks
)

func (c cursor) String() catalog.Cursor {
	state := "r"
	if c.done {
		state = "d"
	}
	var b strings.Builder
	b.WriteString(cursorPrefix + state + ":" + stamp(c.began) + ":" + stamp(c.since) + ":" + c.last)
	for _, key := range slices.Sorted(maps.Keys(c.read)) {
		b.WriteString("\n" + key + c.read[key])
	}
	return catalog.Cursor(b.String())
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func parseCursor(s catalog.Cursor) (cursor, error) {
	if s == "" {
		return cursor{read: marks{}}, nil
	}
	head, list, _ := strings.Cut(string(s), "\n")
	rest, ok := strings.CutPrefix(head, cursorPrefix)
	older := false
	if !ok {
		rest, older = strings.CutPrefix(head, olderPrefix)
	}
	parts := strings.SplitN(rest, ":", 4)
	if (ok || older) && len(parts) == 4 && (parts[0] == "r" || parts[0] == "d") {
		began, err := strconv.ParseInt(parts[1], 10, 64)
		since, err2 := strconv.ParseInt(parts[2], 10, 64)
		read, known := parseMarks(list)
		if err == nil && err2 == nil && began > 0 && since >= 0 && known {
			c := cursor{began: time.Unix(began, 0).UTC(), done: parts[0] == "d", last: parts[3], read: read}
			if since > 0 {
				c.since = time.Unix(since, 0).UTC()
			}
			if older {
				c.read = nil
			}
			return c, nil
		}
	}
	return cursor{}, fmt.Errorf("%w: cursor %.60q is not one of a crawl: begin without a cursor", ports.ErrInvalid, s)
}

const markKeyLength = 11 // of 8 bytes in base 64

func parseMarks(list string) (marks, bool) {
	m := marks{}
	for line := range strings.SplitSeq(list, "\n") {
		if line == "" && list == "" {
			break
		}
		if len(line) < markKeyLength || len(m) >= maxMarks {
			return nil, false
		}
		m[line[:markKeyLength]] = line[markKeyLength:]
	}
	return m, true
}

package openai

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readEvents returns all events as name=data, and the error at the end.
func readEvents(r io.Reader, maxEvent int) (events []string, alive int, err error) {
	er := newEventReader(r, maxEvent, func() { alive++ })
	for {
		e, err := er.next()
		if err != nil {
			return events, alive, err
		}
		events = append(events, e.name+"="+string(e.data))
	}
}

func TestEventReader(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		err      error
	}{
		{"plain", "data: a\n\ndata: b\n\n", []string{"=a", "=b"}, io.EOF},
		{"cr", "data: a\r\rdata: b\r\r", []string{"=a", "=b"}, io.EOF},
		{"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"=a", "=b"}, io.EOF},
		{"crlf within an event", "data: a\r\ndata: b\r\n\r\n", []string{"=a\nb"}, io.EOF},
		{"mixed", "data: a\r\n\rdata: b\n\r\n", []string{"=a", "=b"}, io.EOF},
		{"several lines", "data: a\ndata:\ndata:  b\n\n", []string{"=a\n\n b"}, io.EOF},
		{"no space, fields without colon", "data:a\ndata\nid\nretry: 5\n\n", []string{"=a\n"}, io.EOF},
		{"name", "event: error\ndata: a\n\ndata: b\n\n", []string{"error=a", "=b"}, io.EOF},
		{"name without data", "event: ping\n\ndata: b\n\n", []string{"=b"}, io.EOF},
		{"comments", ": hi\n\n:\ndata: a\n: in between\ndata: b\n\n", []string{"=a\nb"}, io.EOF},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"=a"}, io.EOF},
		{"mark inside stays", "data: \xef\xbb\xbfa\n\n", []string{"=\xef\xbb\xbfa"}, io.EOF},
		{"last blank line missing", "data: a\n", []string{"=a"}, io.EOF},
		{"last line end missing", "data: a\n\ndata: b", []string{"=a", "=b"}, io.EOF},
		{"other fields only", "datas: a\ndat: b\n\n", nil, io.EOF},
		{"empty", "", nil, io.EOF},
		{"long enough", "data: " + strings.Repeat("x", 99) + "\n\n", []string{"=" + strings.Repeat("x", 99)}, io.EOF},
		{"long line", "data: " + strings.Repeat("x", 200) + "\n\n", nil, errLineTooLong},
		{"long comment", ":" + strings.Repeat("x", 200) + "\n\n", nil, errLineTooLong},
		{"many lines", strings.Repeat("data: xxxxxxxxxxxxxxx\n", 10) + "\n", nil, errLineTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
				got, _, err := readEvents(r, 100)
				if !slices.Equal(got, c.want) || !errors.Is(err, c.err) {
					t.Errorf("%q, %v, want %q, %v", got, err, c.want, c.err)
				}
			}
		})
	}
}

// A broken connection must not pass for the end of an event.
func TestEventReaderKeepsErrors(t *testing.T) {
	broken := errors.New("reset")
	got, _, err := readEvents(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(broken)), 100)
	if !slices.Equal(got, []string{"=a"}) || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAliveMeansMoreThanComments(t *testing.T) {
	for in, want := range map[string]int{": ping\n\n: ping\n\n\n\n": 0, "data": 4, ": a\ndata": 4} {
		if _, alive, _ := readEvents(iotest.OneByteReader(strings.NewReader(in)), 100); alive != want {
			t.Errorf("%q: alive %d times, want %d", in, alive, want)
		}
	}
}

// However the bytes are cut by the network, the events are the same; and line
// ends may be of any kind.
func FuzzEventReader(f *testing.F) {
	f.Add([]byte("data: a\ndata: b\r\n\r\n: c\revent: x\ndata:{}\n\n"))
	f.Add([]byte("\xef\xbb\xbfdata\n\ndata: \r\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		want, _, wantErr := readEvents(bytes.NewReader(in), 1<<10)
		for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(in)), iotest.HalfReader(bytes.NewReader(in))} {
			got, _, err := readEvents(r, 1<<10)
			if !slices.Equal(got, want) || !errors.Is(err, wantErr) {
				t.Errorf("in pieces %q, %v; whole %q, %v", got, err, want, wantErr)
			}
		}
		if bytes.ContainsRune(in, '\r') || !errors.Is(wantErr, io.EOF) {
			return
		}
		for _, eol := range []string{"\r", "\r\n"} {
			got, _, err := readEvents(bytes.NewReader(bytes.ReplaceAll(in, []byte("\n"), []byte(eol))), 1<<10)
			if !slices.Equal(got, want) || !errors.Is(err, io.EOF) {
				t.Errorf("with %q %q, %v; with LF %q", eol, got, err, want)
			}
		}
	})
}

package openai

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errLineTooLong means that an event is larger than the configured cap.
var errLineTooLong = errors.New("an event of the stream is larger than the cap on events")

// event is one server-sent event.
type event struct {
	name string // the event field, "" for none
	data []byte // the data lines, joined by LF; valid until the next read
}

// eventReader reads server-sent events as the HTML standard defines them
// (section 9.2.6): lines end by LF, CR or CRLF, a BOM may lead, several data
// lines make one event, comments and unknown fields are skipped. Beyond the
// standard, an event that the end of the body interrupts is delivered if its
// last line was complete, since many servers leave out the last blank line.
type eventReader struct {
	in    *bufio.Reader
	max   int    // bytes of an event
	alive func() // called when something other than comments and blank lines comes

	line   []byte
	data   []byte
	name   string
	filled bool // data holds an event's data, maybe an empty one
	first  bool
	skipLF bool // the last line ended by CR: an LF now belongs to it
}

func newEventReader(r io.Reader, maxEvent int, alive func()) *eventReader {
	return &eventReader{in: bufio.NewReaderSize(r, 16<<10), max: maxEvent, alive: alive, first: true}
}

// next returns the next event that has data. The error at the end of the body
// is io.EOF.
func (r *eventReader) next() (event, error) {
	r.data, r.name, r.filled = r.data[:0], "", false
	for {
		line, err := r.readLine()
		if err != nil {
			if errors.Is(err, io.EOF) && r.filled {
				return event{name: r.name, data: r.data}, nil
			}
			return event{}, err
		}
		if len(line) == 0 {
			if r.filled {
				return event{name: r.name, data: r.data}, nil
			}
			r.name = ""
			continue
		}
		if err := r.field(line); err != nil {
			return event{}, err
		}
	}
}

func (r *eventReader) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if len(r.data)+len(value)+1 > r.max {
			return errLineTooLong
		}
		if r.filled {
			r.data = append(r.data, '\n')
		}
		r.data = append(r.data, value...)
		r.filled = true
	case "event":
		r.name = string(value)
	}
	return nil
}

// readLine returns the next line without its end, valid until the next call.
// What the body ends in the middle of is no line.
func (r *eventReader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		if r.in.Buffered() == 0 {
			if _, err := r.in.Peek(1); err != nil {
				return r.endOfBody(err)
			}
		}
		chunk, _ := r.in.Peek(r.in.Buffered()) // what is buffered can always be peeked
		if r.skipLF {
			r.skipLF = false
			if chunk[0] == '\n' {
				r.discard(1)
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		part := chunk
		if end >= 0 {
			part = chunk[:end]
		}
		if len(r.line)+len(part) > r.max+len("data: ") {
			return nil, errLineTooLong
		}
		r.line = append(r.line, part...)
		if len(part) > 0 && r.line[0] != ':' {
			r.alive()
		}
		if end < 0 {
			r.discard(len(part))
			continue
		}
		r.skipLF = chunk[end] == '\r'
		r.discard(end + 1)
		return r.withoutBOM(), nil
	}
}

// endOfBody returns the error that ended the body, or what is left as a last
// line if the body ended cleanly without a line end.
func (r *eventReader) endOfBody(err error) ([]byte, error) {
	if errors.Is(err, io.EOF) && len(r.line) > 0 {
		return r.withoutBOM(), nil
	}
	return nil, err
}

func (r *eventReader) withoutBOM() []byte {
	if r.first {
		r.first = false
		return bytes.TrimPrefix(r.line, []byte("\xef\xbb\xbf"))
	}
	return r.line
}

func (r *eventReader) discard(n int) {
	_, _ = r.in.Discard(n) // n bytes are buffered, so it cannot fail
}

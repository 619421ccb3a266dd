package pgproxy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Codes that stand where a start-up message has its version.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

// largest bounds a message: more is no protocol of Postgres.
const largest = 1 << 30

// message is one message of the protocol; raw is all of it.
type message struct {
	kind byte // 0 for one of the start, which have no kind
	body []byte
	raw  []byte
}

// readMessage reads a message that begins with its kind.
func readMessage(r io.Reader) (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	return readBody(r, head[0], head[:])
}

// readStart reads a message of the start, which is a length and a code.
func readStart(r io.Reader) (m message, code uint32, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, 0, err
	}
	if m, err = readBody(r, 0, head[:]); err != nil {
		return m, 0, err
	}
	if len(m.body) < 4 {
		return m, 0, fmt.Errorf("pgproxy: a start-up message of %d bytes", len(m.raw))
	}
	return m, binary.BigEndian.Uint32(m.body), nil
}

// readBody reads what follows the head, whose last four bytes are the length of
// all but the kind.
func readBody(r io.Reader, kind byte, head []byte) (message, error) {
	n := binary.BigEndian.Uint32(head[len(head)-4:])
	if n < 4 || n > largest {
		return message{}, fmt.Errorf("pgproxy: a message of %d bytes", n)
	}
	raw := make([]byte, len(head)+int(n)-4)
	copy(raw, head)
	if _, err := io.ReadFull(r, raw[len(head):]); err != nil {
		return message{}, err
	}
	return message{kind: kind, body: raw[len(head):], raw: raw}, nil
}

// text cuts the first string, which ends with a zero, from b.
func text(b []byte) (s string, rest []byte) {
	before, after, _ := bytes.Cut(b, []byte{0})
	return string(before), after
}

// statements knows which statements and portals of a connection commit.
type statements struct {
	commits  func(sql string) bool
	prepared map[string]bool
	portals  map[string]bool
}

// commit says whether this message of a client makes Postgres commit.
func (s *statements) commit(m message) bool {
	switch m.kind {
	case 'Q': // simple query
		sql, _ := text(m.body)
		return s.commits(sql)
	case 'P': // parse: name, statement
		name, rest := text(m.body)
		sql, _ := text(rest)
		s.prepared[name] = s.commits(sql)
	case 'B': // bind: portal, name
		portal, rest := text(m.body)
		name, _ := text(rest)
		s.portals[portal] = s.prepared[name]
	case 'E': // execute: portal
		portal, _ := text(m.body)
		return s.portals[portal]
	}
	return false
}

// asksForReady says whether Postgres answers this message of a client with a
// ReadyForQuery of its own.
func asksForReady(m message) bool { return m.kind == 'Q' || m.kind == 'S' || m.kind == 'F' }

// cancel passes a cancel request on, which comes on a connection of its own.
func (p *Proxy) cancel(m message) {
	up, err := p.dial()
	if err != nil {
		return
	}
	defer up.Close()
	if _, err := up.Write(m.raw); err == nil {
		_, _ = io.Copy(io.Discard, up) // Postgres closes it when it has done it
	}
}

// greet answers what a client asks before its start-up message, which it
// returns. ok is false if the connection ends here.
func (p *Proxy) greet(client net.Conn, r io.Reader) (m message, ok bool) {
	for {
		m, code, err := readStart(r)
		switch {
		case err != nil:
			return m, false
		case code == sslRequest || code == gssRequest:
			if _, err := client.Write([]byte{'N'}); err != nil {
				return m, false
			}
		case code == cancelRequest:
			p.cancel(m)
			return m, false
		default:
			return m, true
		}
	}
}

// Package pgproxy stands between a client and Postgres on the loopback
// interface and breaks connections where it hurts: after a COMMIT was executed
// and before its reply arrives, before a COMMIT goes out, at any message, or all
// at once for a while. It uses the standard library only.
//
// Chance decides by the seed, the number of the connection and that of the
// message in it: a client that uses one connection at a time meets the same
// faults in each run.
package pgproxy

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
)

// Options of a [Proxy].
type Options struct {
	// Upstream is where Postgres is: "127.0.0.1:5432", or the path of its Unix
	// socket, ".../.s.PGSQL.5432".
	Upstream string
	// Seed of chance.
	Seed uint64
	// Commits says which statements are treated as a COMMIT; nil: [IsCommit].
	// With another one, the replies of bare statements can get lost, too; a
	// statement inside of a transaction commits nothing.
	Commits func(sql string) bool
}

// Faults are what happens by chance: each is a probability from 0 to 1.
type Faults struct {
	LostReply float64 // of a COMMIT: executed, but its reply never arrives
	LostQuery float64 // of a COMMIT: it never reaches Postgres, which rolls back
	Cut       float64 // of any message: cut before it, or right after it
}

// Counts are what has happened since the start.
type Counts struct {
	Connections   int64 // that reached Postgres
	Refused       int64 // in an outage
	Messages      int64 // of clients, after their connection stood
	Commits       int64 // that Postgres has executed, LostReplies among them
	LostReplies   int64 // COMMITs executed whose reply was cut off
	LostQueries   int64 // COMMITs cut off on their way out
	Cuts          int64 // at any other message
	CutByOutage   int64 // connections that Outage found and ended
	FailedCommits int64 // whose reply was an error or ROLLBACK; it is never cut off
}

// Proxy is a running proxy. Its methods may be called at any time, together.
type Proxy struct {
	opts     Options
	listener net.Listener
	wg       sync.WaitGroup

	mu          sync.Mutex
	counts      Counts
	faults      Faults
	lostReplies int // still to be lost, before chance is asked
	lostQueries int
	outage      bool
	closed      bool
	sessions    map[*session]bool
}

// Start listens on a free port of 127.0.0.1. The caller must Close it.
func Start(o Options) (*Proxy, error) {
	if o.Upstream == "" {
		return nil, errors.New("pgproxy: no Upstream: give the address of Postgres, or the path of its socket")
	}
	if o.Commits == nil {
		o.Commits = IsCommit
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{opts: o, listener: l, sessions: map[*session]bool{}}
	p.wg.Go(p.accept)
	return p, nil
}

// Close ends every connection and waits until all is gone. It may be called
// again.
func (p *Proxy) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.endAll()
	p.mu.Unlock()
	var err error
	if first {
		err = p.listener.Close()
	}
	p.wg.Wait()
	return err
}

// Addr returns where it listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// URL returns a postgres:// URL of the upstream, by TCP or socket, with the
// proxy in its way.
func (p *Proxy) URL(upstream string) (string, error) {
	u, err := url.Parse(upstream)
	if err != nil {
		return "", err
	}
	u.Host = p.Addr()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// SetFaults sets what happens by chance from now on; the zero Faults are none.
func (p *Proxy) SetFaults(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

// LoseReplies loses the replies of the next n COMMITs that succeed.
func (p *Proxy) LoseReplies(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lostReplies = n
}

// LoseQueries cuts the next n COMMITs off before they reach Postgres.
func (p *Proxy) LoseQueries(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lostQueries = n
}

// Outage ends every connection, and each new one before its first byte, until
// Recover.
func (p *Proxy) Outage() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outage = true
	p.counts.CutByOutage += int64(len(p.sessions))
	p.endAll()
}

// Recover ends an outage.
func (p *Proxy) Recover() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outage = false
}

// Counts returns what has happened so far. A fault is counted before the client
// can see it.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// endAll closes every connection; its sessions end by that. p.mu is held.
func (p *Proxy) endAll() {
	for s := range p.sessions {
		s.cut()
	}
}

// accept runs until the listener is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed: nothing else ends a listener on the loopback interface
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

// dial connects to Postgres.
func (p *Proxy) dial() (net.Conn, error) {
	if strings.HasPrefix(p.opts.Upstream, "/") {
		return net.Dial("unix", p.opts.Upstream)
	}
	return net.Dial("tcp", p.opts.Upstream)
}

// IsCommit says whether a statement is a COMMIT and nothing else.
func IsCommit(sql string) bool {
	words := strings.Fields(strings.ToLower(strings.TrimRight(sql, "; \t\r\n")))
	if len(words) == 0 || words[0] != "commit" && words[0] != "end" {
		return false
	}
	return len(words) == 1 || len(words) == 2 && (words[1] == "work" || words[1] == "transaction")
}

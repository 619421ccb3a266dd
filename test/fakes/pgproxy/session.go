package pgproxy

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net"
	"sync"
)

// session is one connection of a client and ours to Postgres.
type session struct {
	p        *Proxy
	client   net.Conn
	upstream net.Conn // nil until the client has said who it is
	chance   *rand.Rand

	mu sync.Mutex
	// hold is the number of the ReadyForQuery with which the reply ends that is
	// to be lost; 0: none.
	hold     int
	promised bool // by LoseReplies
	// committing are the numbers of those that end the reply of a COMMIT.
	committing map[int]bool
}

// cut ends the session. It may be called at any time.
func (s *session) cut() {
	_ = s.client.Close()
	if s.upstream != nil {
		_ = s.upstream.Close()
	}
}

// serve runs a client's connection to its end.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	s := &session{p: p, client: client, committing: map[int]bool{}}
	if !p.admit(s) {
		return
	}
	defer p.forget(s)
	in := bufio.NewReader(client)
	start, ok := p.greet(client, in)
	if !ok || !p.connect(s) {
		return
	}
	defer s.upstream.Close()
	if _, err := s.upstream.Write(start.raw); err != nil {
		return
	}
	var replies sync.WaitGroup
	replies.Go(func() {
		s.replies()
		s.cut() // or the client's side would wait for it for ever
	})
	s.requests(in)
	s.cut()
	replies.Wait()
}

// admit puts a new session on the list, unless there is an outage.
func (p *Proxy) admit(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outage {
		p.counts.Refused++
		if tcp, ok := s.client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, not an end
		}
	}
	if p.outage || p.closed {
		return false
	}
	p.sessions[s] = true
	return true
}

func (p *Proxy) forget(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, s)
}

// connect gives a session its connection to Postgres. It does so under the lock
// with which outages end sessions, so that none slips through.
func (p *Proxy) connect(s *session) bool {
	up, err := p.dial()
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outage || p.closed {
		_ = up.Close()
		return false
	}
	p.counts.Connections++
	s.upstream = up
	s.chance = rand.New(rand.NewPCG(p.opts.Seed, uint64(p.counts.Connections)))
	return true
}

// fate is what becomes of one message of a client.
type fate int

const (
	passes fate = iota
	lostReply
	promised // a reply that LoseReplies asked to be lost
	lostQuery
	cutBefore
	cutAfter
)

// decide decides it, and counts what the client will see at once. It draws the
// same number of chances for each message, so that one fault does not shift the
// others.
func (p *Proxy) decide(chance *rand.Rand, commits bool) fate {
	reply, query, cut, before := chance.Float64(), chance.Float64(), chance.Float64(), chance.IntN(2) == 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Messages++
	if commits {
		switch {
		case p.lostQueries > 0:
			p.lostQueries--
			p.counts.LostQueries++
			return lostQuery
		case p.lostReplies > 0:
			p.lostReplies-- // given back if this COMMIT fails
			return promised
		case query < p.faults.LostQuery:
			p.counts.LostQueries++
			return lostQuery
		case reply < p.faults.LostReply:
			return lostReply
		}
	}
	if cut >= p.faults.Cut {
		return passes
	}
	p.counts.Cuts++
	if before {
		return cutBefore
	}
	return cutAfter
}

// requests passes on what the client sends, until either side ends.
func (s *session) requests(in *bufio.Reader) {
	known := &statements{commits: s.p.opts.Commits, prepared: map[string]bool{}, portals: map[string]bool{}}
	ready, standing := 1, false // the first ReadyForQuery ends the start
	for {
		m, err := readMessage(in)
		if err != nil {
			return
		}
		if asksForReady(m) {
			ready++
		}
		commits := known.commit(m)
		verdict := passes
		// Passwords are no messages to cut at, nor is a goodbye.
		standing = standing || m.kind != 'p'
		if standing && m.kind != 'X' {
			verdict = s.p.decide(s.chance, commits)
		}
		if verdict == cutBefore || verdict == lostQuery {
			return
		}
		if commits {
			end := ready
			if !asksForReady(m) {
				end++ // the Sync that follows
			}
			s.mu.Lock()
			s.committing[end] = true
			if verdict == lostReply || verdict == promised {
				s.hold, s.promised = end, verdict == promised
			}
			s.mu.Unlock()
		}
		if verdict == cutAfter {
			_ = s.client.Close() // before the reply can be there
		}
		if _, err := s.upstream.Write(m.raw); err != nil || verdict == cutAfter {
			return
		}
	}
}

// replies passes on what Postgres answers, until either side ends. The reply
// that is to be lost is kept back until it is complete: then Postgres has
// committed, and the client will never know.
func (s *session) replies() {
	var kept bytes.Buffer
	from := bufio.NewReader(s.upstream)
	ready, failed := 0, false
	for {
		m, err := readMessage(from)
		if err != nil {
			return
		}
		s.mu.Lock()
		holding := s.hold == ready+1
		commits := s.committing[ready+1]
		s.mu.Unlock()
		failed = failed || m.kind == 'E' || m.kind == 'C' && bytes.HasPrefix(m.body, []byte("ROLLBACK\x00"))
		ended := m.kind == 'Z'
		if ended {
			ready++
			// Within a transaction (T, E) nothing is committed yet.
			failed = failed || len(m.body) != 1 || m.body[0] != 'I'
			if commits && s.over(ready, holding, failed) {
				return
			}
		}
		if holding {
			kept.Write(m.raw)
			if !ended {
				continue
			}
			m.raw = bytes.Clone(kept.Bytes())
			kept.Reset()
		}
		if ended {
			failed = false
		}
		if _, err := s.client.Write(m.raw); err != nil {
			return
		}
	}
}

// over counts a COMMIT whose reply is complete, and says whether that is to be
// lost: only what Postgres has really committed.
func (s *session) over(ready int, holding, failed bool) (lost bool) {
	s.mu.Lock()
	delete(s.committing, ready)
	again := holding && failed && s.promised
	if holding {
		s.hold, s.promised = 0, false
	}
	s.mu.Unlock()
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if failed {
		s.p.counts.FailedCommits++
		if again {
			s.p.lostReplies++
		}
		return false
	}
	s.p.counts.Commits++
	if holding {
		s.p.counts.LostReplies++
	}
	return holding
}

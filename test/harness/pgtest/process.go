package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// endsWithin bounds how long a server may take to end before it is killed.
const endsWithin = 30 * time.Second

// process is one life of the server.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{} // closed when it takes connections
	ended chan struct{} // closed when it and all its children have ended
	err   error         // how it ended; to be read after ended is closed
}

// launch starts the server and returns when it takes connections or has failed.
func (s *Server) launch(args []string) (*process, error) {
	p := &process{cmd: s.command("postgres", args...), ready: make(chan struct{}), ended: make(chan struct{})}
	began := make(chan error, 1)
	go s.hold(p, began)
	if err := <-began; err != nil {
		return nil, err
	}
	select {
	case <-p.ready:
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("the server ended at once: %w\n%s", p.err, strings.Join(s.Log(), "\n"))
	}
}

// hold runs the server from its start to its end, all on one thread that it
// keeps: the kernel ends the server with the thread that started it.
func (s *Server) hold(p *process, began chan<- error) {
	runtime.LockOSThread() // for good: the thread ends with this goroutine
	out, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	began <- err
	if err != nil {
		return
	}
	defer close(p.ended)
	isReady := false
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			s.mu.Lock()
			s.log = append(s.log, line)
			s.mu.Unlock()
		}
		if !isReady && strings.HasSuffix(line, "database system is ready to accept connections") {
			isReady = true
			close(p.ready)
		}
		if err != nil {
			break
		}
	}
	p.err = p.cmd.Wait()
	if p.err == nil && !isReady {
		p.err = errors.New("without an error")
	}
}

// end signals the server and waits for it; one that takes too long is killed.
func (p *process) end(sig os.Signal) error {
	select {
	case <-p.ended:
		return fmt.Errorf("the server had ended before: %w", p.err)
	default:
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.NewTimer(endsWithin)
	defer late.Stop()
	select {
	case <-p.ended:
	case <-late.C:
		err := fmt.Errorf("the server did not end within %s of %v", endsWithin, sig)
		if e := p.cmd.Process.Signal(syscall.SIGQUIT); e != nil { // Postgres kills its children itself, after 5 s
			return errors.Join(err, e, p.cmd.Process.Kill())
		}
		<-p.ended
		return err
	}
	// An immediate stop ends with status 2, which is what was asked for.
	var exit *exec.ExitError
	if sig == syscall.SIGQUIT && errors.As(p.err, &exit) {
		return nil
	}
	return p.err
}

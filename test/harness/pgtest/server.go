package pgtest

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Server is a running cluster. Its methods may be called by several tests at
// once; after Crash, Restart or Stop the connections of all of them are gone.
type Server struct {
	opts    Options
	bin     string
	dir     string // of the socket and the data
	as      *ids   // whom it runs as; nil: ourselves
	port    int    // of TCP, and part of the socket's name
	version int    // as 150018

	life sync.Mutex // one start or stop at a time
	proc *process   // nil: it does not run

	altering sync.Mutex // one change of a role at a time

	mu        sync.Mutex
	log       []string
	templates map[string]*template
	databases int // how many were made
}

// Start starts a cluster and returns when it takes connections. The caller must
// call Stop; if it dies without, the server ends all the same (on Linux), but
// its folder stays. Tests use [Need] or [Own].
func Start(o Options) (*Server, error) {
	if o.Superuser == "" {
		o.Superuser = "postgres"
	}
	s := &Server{opts: o, bin: o.Bin, port: 5432, templates: map[string]*template{}}
	var err error
	if s.bin == "" {
		if s.bin, err = programs(); err != nil {
			return nil, err
		}
	}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// create makes the folder and the data in it, and starts the server.
func (s *Server) create() error {
	var err error
	if s.as, err = ordinaryUser(); err != nil {
		return err
	}
	in := "" // the folder for temporary files
	if !s.opts.FullDurability {
		in = os.Getenv("WOOCHAT_TEST_MEMORY")
	}
	if s.dir, err = os.MkdirTemp(in, "woochat-pg"); err != nil {
		return err
	}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.uid), int(s.as.gid)); err != nil {
			return err
		}
	}
	if err := s.initdb(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(s.hba()), 0o644); err != nil {
		return err
	}
	if s.opts.TCP {
		if s.port, err = freePort(); err != nil {
			return err
		}
	}
	if err := s.Restart(); err != nil {
		return err
	}
	return s.ask(func(db *sql.DB) error {
		return db.QueryRow("select current_setting('server_version_num')::int").Scan(&s.version)
	})
}

func (s *Server) initdb() error {
	runtime.LockOSThread() // it ends with the thread that started it
	defer runtime.UnlockOSThread()
	// --no-sync: nobody reads this data after the machine's end.
	c := s.command("initdb", "-D", s.data(), "-U", s.opts.Superuser, "-A", "trust", "-E", "UTF8", "--no-sync")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// hba says who needs a password: all by TCP, the named on the socket.
func (s *Server) hba() string {
	var b strings.Builder
	for _, login := range s.opts.PasswordLogins {
		fmt.Fprintf(&b, "local all %q scram-sha-256\n", login)
	}
	b.WriteString("local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
	return b.String()
}

// arguments of the server, the caller's settings last.
func (s *Server) arguments() []string {
	set := map[string]string{
		"listen_addresses": "", "unix_socket_directories": s.dir, "port": strconv.Itoa(s.port),
		"max_connections": strconv.Itoa(cmp.Or(s.opts.MaxConnections, 100)),
		"timezone":        cmp.Or(s.opts.TimeZone, "UTC"), "log_timezone": "UTC",
		"shared_buffers": "32MB", "fsync": "off", "full_page_writes": "off",
	}
	if s.opts.TCP {
		set["listen_addresses"] = "127.0.0.1"
	}
	if s.opts.FullDurability {
		set["fsync"], set["full_page_writes"], set["synchronous_commit"], set["shared_buffers"] = "on", "on", "on", "128MB"
	}
	maps.Copy(set, s.opts.Settings)
	args := []string{"-D", s.data()}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		args = append(args, "-c", name+"="+set[name])
	}
	return args
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir, c.SysProcAttr, c.Env = s.dir, attributes(s.as), append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	return c
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// freePort asks the kernel for a port that nobody has now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Version returns the server's version as 150018 (15.18).
func (s *Server) Version() int { return s.version }

// Superuser returns the name of the cluster's superuser.
func (s *Server) Superuser() string { return s.opts.Superuser }

// Socket returns the folder and the port of the server's socket: libpq's host
// and port.
func (s *Server) Socket() (dir string, port int) { return s.dir, s.port }

// Log returns what the server has said so far, in all its lives, a line each.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Stop ends the server in order, cutting off who is connected, and removes its
// folder. It may be called again, and after Crash.
func (s *Server) Stop() error {
	s.life.Lock()
	defer s.life.Unlock()
	err := s.halt(syscall.SIGINT) // fast shutdown
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// Crash ends the server at once, as if it had died: nothing is flushed and
// nobody is told, so the next start recovers from the write-ahead log. Until
// Restart there is no server. A crash of a server without FullDurability loses
// nothing either: the machine itself lives on.
func (s *Server) Crash() error {
	s.life.Lock()
	defer s.life.Unlock()
	return s.halt(syscall.SIGQUIT) // immediate shutdown
}

// Restart starts the server on the same data, socket and port, after ending it
// in order if it runs. It returns when the server takes connections.
func (s *Server) Restart() error {
	s.life.Lock()
	defer s.life.Unlock()
	if err := s.halt(syscall.SIGINT); err != nil {
		return err
	}
	p, err := s.launch(s.arguments())
	if err != nil {
		return err
	}
	s.proc = p
	return nil
}

// halt ends the server if it runs.
func (s *Server) halt(sig syscall.Signal) error {
	if s.proc == nil {
		return nil
	}
	p := s.proc
	s.proc = nil
	if err := p.end(sig); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(s.Log(), "\n"))
	}
	return nil
}

// runs says whether there is a server to talk to.
func (s *Server) runs() bool {
	s.life.Lock()
	defer s.life.Unlock()
	return s.proc != nil
}

// Package harness holds what runs the tests: here it is tested itself.
package harness

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Programs of a module that is tested only to be ended in the middle. Its test
// starts a server in a process group of its own, as a browser is; both write
// something and hold a connection to us for as long as they live.
const (
	module  = "module example.com/ended\n\ngo 1.26\n"
	program = `package ended

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func live(t *testing.T, who string) {
	if err := os.WriteFile(filepath.Join(os.TempDir(), who), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", os.Getenv("ENDED_ADDR"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Read(make([]byte, 1)) // until we are ended, or nobody listens any more
}

func TestServer(t *testing.T) {
	if os.Getenv("ENDED_SERVER") != "" {
		live(t, "server")
	}
}

func TestEnded(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServer$")
	cmd.Env = append(os.Environ(), "ENDED_SERVER=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	live(t, "test")
}
`
)

// TestEndedInTheMiddle: whoever ends a run in the middle gets the exit code that
// says so, once all that it started has ended and all that it wrote is gone.
func TestEndedInTheMiddle(t *testing.T) {
	for name, command := range map[string][]string{
		"all stages": {"bash", ".ci/run", "tests"}, "the tests": {"bash", "test/harness/run.sh", "./..."}, "make": {"make", "test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, tmp := scratch(t), t.TempDir()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Dir = dir
			cmd.Env = append(environ(), "RACE=off", "TMPDIR="+tmp, "ENDED_ADDR="+listener.Addr().String())
			said, err := os.Create(filepath.Join(dir, "said"))
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdout, cmd.Stderr = said, said // no pipe: what is left running would hold it open
			t.Cleanup(func() {
				_ = said.Close()
				text, err := os.ReadFile(said.Name())
				t.Logf("it said (error %v):\n%s", err, text)
			})
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				ended <- cmd.Wait()
				_ = listener.Close()
			}()
			living := []net.Conn{accept(t, listener), accept(t, listener)}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			err = <-ended
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 128+int(syscall.SIGTERM) && exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				t.Errorf("ended with %v, want exit code 143 or the signal itself", err)
			}
			for _, conn := range living {
				err := conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, read := conn.Read(make([]byte, 1)); err != nil || errors.Is(read, os.ErrDeadlineExceeded) {
					t.Errorf("one that was started still lives: %v", errors.Join(err, read))
				}
			}
			left, err := os.ReadDir(tmp)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, error %v", left, err)
			}
		})
	}
}

// environ is our environment without what the make that runs us was told: its
// PKG is not of the module that is made here.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PKG", "TESTFLAGS"}, name)
	})
}

// scratch returns a copy of the scripts with a module for them to test.
func scratch(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{".ci/run", "test/harness/run.sh", "test/harness/need.sh", "Makefile"} {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(data), 0o700)
	}
	write(t, filepath.Join(dir, "go.mod"), module, 0o600)
	write(t, filepath.Join(dir, "ended_test.go"), program, 0o600)
	return dir
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// accept returns the connection of the next process that begins to live.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatalf("the run ended before its processes lived: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

package files

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"

	"github.com/aiwoochat/woochat/ports"
)

var errTooMuch = errors.New("files: more bytes than are read")

// readAll reads what open gives, up to limit bytes; more is errTooMuch.
func readAll(open func() (io.ReadCloser, error), limit int64) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	err = errors.Join(err, f.Close())
	if err == nil && int64(len(data)) > limit {
		return nil, errTooMuch
	}
	return data, err
}

// reason returns what err says to whoever has the file.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), ports.ErrInvalid.Error()+": ")
}

// broken says that a file is no good one of its kind. What the library says of it
// is cut, for it may repeat what is in the file.
func broken(kind string, err error) error {
	return fmt.Errorf("%w: it is a broken %s (%.100s): save it as %s again", ports.ErrInvalid, kind, strings.ToValidUTF8(err.Error(), ""), kind)
}

func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// withoutControls takes out what no reader sees and no store takes.
func withoutControls(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' {
			return -1
		}
		return c
	}, s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(withoutControls(s)), " ") }

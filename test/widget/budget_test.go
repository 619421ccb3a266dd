package widget_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/widget"
)

// What a shop's visitors download, by gzip at its best: everybody the launcher, those who reach for it the panel.
const (
	launcherBudget = 3 << 10
	panelBudget    = 12 << 10
)

func gzipped(t *testing.T, body []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(body)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestSizeBudget(t *testing.T) {
	name, launcher, _ := widget.Launcher()
	if n := gzipped(t, launcher); n > launcherBudget {
		t.Errorf("%s has %d bytes, its budget is %d", name, n, launcherBudget)
	} else {
		t.Logf("%s: %d of %d bytes", name, n, launcherBudget)
	}
	panels, err := fs.Glob(widget.Assets(), "panel-*.js")
	if err != nil || len(panels) != 1 {
		t.Fatalf("panels: %v %v", panels, err)
	}
	body, err := fs.ReadFile(widget.Assets(), panels[0])
	if err != nil {
		t.Fatal(err)
	}
	if n := gzipped(t, body); n > panelBudget {
		t.Errorf("%s has %d bytes, its budget is %d", panels[0], n, panelBudget)
	} else {
		t.Logf("%s: %d of %d bytes", panels[0], n, panelBudget)
	}
	if !bytes.Contains(launcher, []byte(panels[0])) {
		t.Errorf("the launcher does not load %s: run widget/build.sh", panels[0])
	}
	if _, err := fs.Stat(widget.Assets(), "licenses.txt"); err != nil {
		t.Error(err)
	}
}

// What must never be in the sources: ways from a string to markup or code, inline styles, and lengths that follow the
// shop's root font size.
func TestSourcesHaveNoDangerousWords(t *testing.T) {
	words := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|setHTML|srcdoc|\.style\b.*=|"style"|localStorage|document\.cookie`)
	lengths := regexp.MustCompile(`[\d.]rem\b`)
	files := 0
	err := filepath.WalkDir("../../widget/src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		forbidden := words
		if strings.HasSuffix(path, ".css") {
			forbidden = lengths
		}
		for _, hit := range forbidden.FindAllString(string(text), -1) {
			t.Errorf("%s: %s", path, hit)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("%d files read: %v", files, err)
	}
}

// The copied parser is byte for byte what its README pins.
func TestVendoredParserIsPinned(t *testing.T) {
	dir := "../../widget/vendor/streaming-markdown"
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pins := regexp.MustCompile(`\| (\S+) \| ([0-9a-f]{64}) \|`).FindAllStringSubmatch(string(readme), -1)
	if len(pins) != 3 {
		t.Fatalf("%d pins in README.md", len(pins))
	}
	for _, pin := range pins {
		body, err := os.ReadFile(filepath.Join(dir, pin[1]))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != pin[2] {
			t.Errorf("%s has changed: its sha256 is %x", pin[1], sum)
		}
	}
}

// styleHash is the CSP hash of a page's only style element.
func styleHash(html string) string {
	_, css, _ := strings.Cut(html, "<style>")
	css, _, _ = strings.Cut(css, "</style>")
	sum := sha256.Sum256([]byte(css))
	return base64.StdEncoding.EncodeToString(sum[:])
}

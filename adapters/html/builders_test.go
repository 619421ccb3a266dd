package html_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/domain/catalog"
)

// What page builders make, and leave behind where they are switched off, as
// text and questions. The golden files were read by a person.
func TestPageBuilders(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.html")
	if err != nil || len(sources) < 4 {
		t.Fatalf("%v, %v", sources, err)
	}
	for _, path := range sources {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := html.New()
			page := catalog.Page{ID: "1", URL: "https://shop.example.com/page/", Status: catalog.Published, HTML: string(source)}
			body, err := text.Text(page.HTML, page.URL)
			if err != nil {
				t.Fatal(err)
			}
			got := body + "\n\n=== questions\n" + strings.Join(asText(t, text.FAQs(page)), "\n---\n") + "\n"
			golden := strings.TrimSuffix(path, ".html") + ".txt"
			if os.Getenv("GOLDEN") == "write" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%s is not what came (GOLDEN=write writes it; read it then): %v\n%s", golden, err, got)
			}
		})
	}
}

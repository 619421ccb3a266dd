package widget_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aiwoochat/woochat/widget"
)

// A server offers the launcher under its plain name, with an ETag so that browsers ask cheaply.
func ExampleLauncher() {
	name, body, etag := widget.Launcher()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})

	r := httptest.NewRequest(http.MethodGet, "/"+name, nil)
	r.Header.Set("If-None-Match", etag)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(r.URL.Path, w.Code)
	// Output: /w.js 304
}

// All that the launcher loads comes from Assets; the bytes of a name never change.
func ExampleAssets() {
	panels, err := fs.Glob(widget.Assets(), "panel-*.js")
	fmt.Println(len(panels), err)

	w := httptest.NewRecorder()
	http.StripPrefix("/w/", http.FileServerFS(widget.Assets())).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/w/"+panels[0], nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output:
	// 1 <nil>
	// 200 text/javascript; charset=utf-8
}

func ExampleSnippet() {
	fmt.Println(widget.Snippet("https://chat.example.com", "pk_demo"))
	// Output: <script async src="https://chat.example.com/w.js" data-site-key="pk_demo"></script>
}

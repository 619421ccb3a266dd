// Package widget holds the shop front end: the launcher w.js, which a shop page loads, and the panel, which the
// launcher loads when a shopper reaches for it. The files in dist are built from src by build.sh (Go alone, no Node)
// and committed, so that the server embeds them without any build step.
//
// How to serve them:
//   - GET /w.js: the body of [Launcher] with its ETag, "Cache-Control: public, max-age=300,
//     stale-while-revalidate=86400", If-None-Match answered with 304. Its name has no hash because shops paste it.
//   - GET /w/<name>: the files of [Assets], "Cache-Control: public, max-age=31536000, immutable" for .js: their names
//     change with their bytes.
//   - both: "Content-Type: text/javascript; charset=utf-8", "X-Content-Type-Options: nosniff",
//     "Access-Control-Allow-Origin: *" (the panel is a module, and browsers load modules of another origin only so)
//     and "Cross-Origin-Resource-Policy: cross-origin".
//
// The package imports the standard library only.
package widget

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io/fs"
)

//go:embed dist/w.js dist/w
var dist embed.FS

// Launcher returns the launcher: the name it is served under ("w.js"), its bytes, and a strong ETag of them, quotes
// included, ready for the header. The body is the caller's own copy.
func Launcher() (name string, body []byte, etag string) {
	body, err := dist.ReadFile("dist/w.js")
	if err != nil {
		panic(fmt.Sprintf("widget: w.js is embedded at build time and cannot be missing: %v", err))
	}
	sum := sha256.Sum256(body)
	return "w.js", body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Assets returns the files that are served under /w/: the panel with its hash in the name, and licenses.txt. Names
// have no folder ("panel-ABCDEFGH.js"). The file system is read-only and safe for concurrent use.
func Assets() fs.FS {
	sub, err := fs.Sub(dist, "dist/w")
	if err != nil {
		panic(fmt.Sprintf("widget: dist/w is embedded at build time and cannot be missing: %v", err))
	}
	return sub
}

// Snippet returns the line that a shop pastes into its pages, for a server at base (scheme, host and port; no slash at
// the end) and a public site key ("pk_..."). Both go into the HTML escaped.
func Snippet(base, siteKey string) string {
	return `<script async src="` + html.EscapeString(base) + `/w.js" data-site-key="` + html.EscapeString(siteKey) + `"></script>`
}

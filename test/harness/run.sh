#!/usr/bin/env bash
# Runs go test with the given arguments so that nothing stays behind: every
# file the tests make, their HOME included, is in one temp folder, and a
# process that outlives them is a failure (and is then ended).
#
#   run.sh [go test flags and packages]       default: ./...
#
# RACE=on needs a C compiler, RACE=off does without the race detector, RACE=auto
# (the default) uses it where it works.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ $# = 0 ]; then set -- ./...; fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/woochat.XXXXXX")
tmp=$(cd "$tmp" && pwd -P)
chmod 711 "$tmp" # a database server that a test starts may run as another user
mkdir -p "$tmp/t" "$tmp/home/.config/go/telemetry"
chmod 1777 "$tmp/t"
echo off >"$tmp/home/.config/go/telemetry/mode" # its uploader would outlive go test

# A database that need not outlive a power cut is kept in memory where there is
# plenty: a test's own is a copy of some 300 files, which takes 25 ms there and up
# to 400 on a disk.
memory=
free_kb() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo 2>/dev/null; }
room_kb() { df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }'; }
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(free_kb)0" -ge 120000000 ] && [ "$(room_kb)0" -ge 80000000 ]; then
	memory=$(mktemp -d /dev/shm/woochat.XXXXXX)
	chmod 1777 "$memory"
fi

# running prints the ids of processes that the tests started and that still
# live. They carry our mark in their environment, or name our folder in their
# command line (an environment may be unreadable, or cleared). A process group
# would not do: browsers and database servers leave theirs.
running() {
	if [ -r /proc/self/environ ]; then
		{
			grep -lzxF -f <(printf 'WOOCHAT_TEST_RUN=%s\n' "$tmp") /proc/[0-9]*/environ
			grep -lzF -f <(printf '%s\n' "$tmp/" ${memory:+"$memory/"}) /proc/[0-9]*/cmdline
		} 2>/dev/null | cut -d/ -f3 | sort -un
	else
		ps axeww -o pid= -o command= | grep -F "WOOCHAT_TEST_RUN=$tmp" | grep -vF 'grep -F' | awk '{ print $1 }'
	fi || true
}

finish() {
	local status=$? pids left _
	trap - EXIT
	trap '' INT TERM HUP
	for _ in 1 2 3 4 5 6 7 8 9 10; do # what is ending may need a moment to end
		pids=$(running)
		[ -n "$pids" ] || break
		sleep 0.5
	done
	if [ -n "$pids" ]; then
		printf '\nFAIL: the tests left processes running (ended now):\n' >&2
		# shellcheck disable=SC2086 # one id a word
		ps -o pid,ppid,user,args -p "$(echo $pids | tr ' ' ,)" >&2 2>/dev/null || echo "$pids" >&2
		# shellcheck disable=SC2086
		kill -9 $pids 2>/dev/null || true
		[ "$status" != 0 ] || status=1
	fi
	left=$(cd "$tmp/t" && find . ${memory:+"$memory"} -mindepth 1 -maxdepth 1 ! -name '*hromium*' | head -5 | tr '\n' ' ') # browsers never tidy up
	if [ -n "$left" ]; then
		printf 'note: files that no test removed (removed now): %s\n' "$left" >&2
	fi
	chmod -R u+w "$tmp" 2>/dev/null || true # a module cache is read-only
	rm -rf "$tmp" ${memory:+"$memory"}
	exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# HOME moves into the temp folder, because a browser writes there; Go keeps its
# settings and caches, unless this user has nowhere to write them.
cache() { # cache NAME FALLBACK
	local dir
	dir=$(go env "$1" 2>/dev/null) || dir=
	if [ "${dir#/}" != "$dir" ] && mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ]; then
		echo "$dir"
	else
		echo "$tmp/$2"
	fi
}
GOENV=$(go env GOENV 2>/dev/null) || GOENV=off
GOCACHE=$(cache GOCACHE gocache)
GOMODCACHE=$(cache GOMODCACHE gomodcache)
export GOENV GOCACHE GOMODCACHE
export HOME="$tmp/home" TMPDIR="$tmp/t" GOPATH="$tmp/gopath"
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
# A stamp would need a git that trusts this folder, for binaries that tests build.
export GOWORK=off GOFLAGS="${GOFLAGS:-} -mod=readonly -buildvcs=false"

race() {
	case ${RACE:-auto} in
	on) return 0 ;;
	off) return 1 ;;
	esac
	# Finding cc is not enough: some kernels and C libraries refuse the detector.
	command -v "$(go env CC | cut -d' ' -f1)" >/dev/null 2>&1 || return 1
	printf 'package main\n\nfunc main() {}\n' >"$tmp/race.go"
	CGO_ENABLED=1 go run -race "$tmp/race.go" >/dev/null 2>&1
}
# SQLite in Go is C that was turned into Go. Under the race detector its code
# takes half the time of a store's tests, and what it shares it guards by a
# sync.Mutex (its mutex.go), so it is left out; the driver and ours stay watched.
# The check of each unsafe pointer that comes with -race knows nothing of memory
# of its own. Expressions, by which questions and answers are read, would take
# half of the time of those: an expression is shared without a lock by design.
if race; then
	export CGO_ENABLED=1
	set -- "-gcflags=modernc.org/sqlite/lib=-race=false -d=checkptr=0" "$@"
	for package in regexp regexp/syntax; do
		set -- "-gcflags=$package=-race=false" "$@"
	done
	for package in libc/... memory; do
		set -- "-gcflags=modernc.org/$package=-d=checkptr=0" "$@"
	done
	set -- -race "$@"
else
	echo "note: no race detector (RACE=${RACE:-auto})" >&2
fi

# In a process group of its own, so that one signal reaches all of it; the
# shell passes on what it is told.
set -m
WOOCHAT_TEST_RUN=$tmp WOOCHAT_TEST_MEMORY=$memory go test "$@" </dev/null &
job=$!
set +m
signaled=
pass_on() { # pass_on STATUS: whoever asked for the end sees that it was one
	signaled=$1
	kill -INT -- "-$job" 2>/dev/null || true
}
trap 'pass_on 129' HUP
trap 'pass_on 130' INT
trap 'pass_on 143' TERM
status=0
while :; do
	status=0
	wait "$job" || status=$?
	kill -0 "$job" 2>/dev/null || break # else: a signal ended the wait, not the job
done
exit "${signaled:-$status}"

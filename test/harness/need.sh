#!/usr/bin/env bash
# Checks that this machine has what a target needs.
#
#   need.sh go      a Go that can build this module
#   need.sh test    what the tests use beside Go
#
# What the tests use is installed when root runs this on Debian or Ubuntu.
# Anybody else gets the one line to type. apt never starts a service here, and
# never makes a database cluster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# One line a thing: what the tests call it, the Debian package, and the programs
# of which one must be there.
test_needs() {
	need chromium chromium chromium chromium-browser google-chrome headless-shell
	need postgres postgresql initdb /usr/lib/postgresql/*/bin/initdb
}

die() {
	printf '%s\n' "$@" >&2
	exit 1
}

# newer_or_same A B: is version A at least B? (1.26.0 and the like.)
newer_or_same() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		na = split(a, x, "."); nb = split(b, y, ".")
		for (i = 1; i <= 3; i++) if (x[i] + 0 != y[i] + 0) exit !(x[i] + 0 > y[i] + 0)
		exit 0
	}'
}

check_go() {
	local want have
	want=$(awk '$1 == "go" { print $2; exit }' go.mod)
	command -v go >/dev/null || die "Go is missing: install Go $want or newer from https://go.dev/dl and run this again."
	# Asked outside the module: inside it an old Go stops at the go.mod first.
	have=$(cd / && go env GOVERSION)
	have=${have##*go}
	have=${have%%[!0-9.]*}
	newer_or_same "$have" "$want" && return
	# From 1.21 on Go fetches the toolchain that go.mod asks for, if it may.
	if newer_or_same "$have" 1.21 && [ "$(cd / && go env GOTOOLCHAIN)" != local ]; then
		return
	fi
	die "Go $have is too old for this module: install Go $want or newer from https://go.dev/dl," \
		"or, with Go 1.21 or newer, let it fetch the right one: go env -w GOTOOLCHAIN=auto"
}

missing=()

need() {
	local name=$1 package=$2 candidate
	shift 2
	for candidate; do
		if command -v "$candidate" >/dev/null 2>&1; then return; fi
	done
	printf 'the tests need %s\n' "$name" >&2
	missing+=("$package")
}

install_missing() {
	local line="apt-get install -y --no-install-recommends ${missing[*]}"
	if ! command -v apt-get >/dev/null; then
		die "Install it with this machine's package manager (Debian's name: ${missing[*]}) and run this again."
	fi
	if [ "$(id -u)" != 0 ]; then
		die "Type this, and run it again:" "    sudo $line"
	fi
	printf 'installing: %s\n' "${missing[*]}" >&2
	local policy=/usr/sbin/policy-rc.d conf
	if [ ! -e "$policy" ]; then
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT # somebody else's is left alone
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	case " ${missing[*]} " in *' postgresql'*)
		conf=/etc/postgresql-common/createcluster.d/woochat-tests.conf
		mkdir -p "${conf%/*}"
		printf 'create_main_cluster = false\n' >"$conf"
		;;
	esac
	local status=0
	# The lists of a fresh image are empty or old: try them, then renew them.
	export DEBIAN_FRONTEND=noninteractive
	$line >/dev/null 2>&1 || { apt-get update -qq && $line -qq >/dev/null; } || status=$?
	[ "$status" = 0 ] || die "apt could not install it. Type this to see why:" "    apt-get update && $line"
}

case ${1:-} in
go) check_go ;;
test)
	check_go
	test_needs
	if [ ${#missing[@]} -gt 0 ]; then
		install_missing
		missing=()
		test_needs
		[ ${#missing[@]} = 0 ] || die "apt said yes, but it is still not there: ${missing[*]}"
	fi
	;;
*) die "usage: need.sh go|test" ;;
esac

#!/usr/bin/env bash
# Installs what the tests need beyond Go, Node, git and make: a C compiler for
# the race detector, Chromium for the browser tests (or the one in CHROMIUM), and
# database servers, of which the tests start private instances (or the servers in
# OSTIARY_TEST_POSTGRES, OSTIARY_TEST_MYSQL and OSTIARY_TEST_REDIS). With the word
# galera also what a Galera cluster of MariaDB servers needs.
set -euo pipefail
PATH=$PATH:/usr/sbin

missing=()
command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null || missing+=(gcc libc6-dev)
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
[ -n "${OSTIARY_TEST_POSTGRES:-}" ] || command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ -n "${OSTIARY_TEST_MYSQL:-}" ] || command -v mariadbd >/dev/null || missing+=(mariadb-server)
[ -n "${OSTIARY_TEST_REDIS:-}" ] || command -v redis-server >/dev/null || missing+=(redis-server)
if [ "${1:-}" = galera ]; then
	command -v mariadbd >/dev/null || missing+=(mariadb-server)
	compgen -G '/usr/lib*/galera*/libgalera_smm.so' >/dev/null || missing+=(galera-4)
	command -v rsync >/dev/null || missing+=(rsync)
fi
[ ${#missing[@]} -gt 0 ] || exit 0
fast="The Go tests that need no servers run by: make test-fast"

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "The tests need: ${missing[*]}. Install with: sudo apt-get install ${missing[*]}" >&2
		echo "$fast" >&2
		exit 1
	fi
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null; then
	echo "The tests need: ${missing[*]}. There is no apt-get here: install them by other means." >&2
	echo "$fast" >&2
	exit 1
fi
echo "Installing ${missing[*]}"

# The tests start servers of their own: those of the packages shall not run. This
# is how Debian asks whether a package may start its services.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" </dev/null

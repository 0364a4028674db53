#!/usr/bin/env bash
# Installs what the tests need beyond Go, Node, git and make: a C compiler for
# the race detector, and Chromium for the browser tests (or the one in CHROMIUM).
set -euo pipefail

missing=()
command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null || missing+=(gcc libc6-dev)
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "The tests need: ${missing[*]}. Install with: sudo apt-get install ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null; then
	echo "The tests need: ${missing[*]}. There is no apt-get here: install them by other means." >&2
	exit 1
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" </dev/null

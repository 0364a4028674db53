#!/usr/bin/env bash
# Checks that the conformance suite's records and scenarios are those of its
# upstream copy, if that lies beside the checkout. Records are never edited: what
# differs from the reference is a bug here or a row in COMPATIBILITY.md.
set -euo pipefail
cd "$(dirname "$0")/.."

upstream=../shared/conformance
if [ ! -d "$upstream/golden" ]; then
	echo "No upstream copy of the conformance suite beside this checkout: records not compared"
	exit 0
fi
for part in golden scenarios profiles lib reference run.mjs; do
	if ! diff -rq "$upstream/$part" "conformance/$part"; then
		echo "conformance/$part differs from the suite's upstream copy" >&2
		exit 1
	fi
done
echo "The conformance suite equals its upstream copy, byte for byte"

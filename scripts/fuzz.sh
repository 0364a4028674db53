#!/usr/bin/env bash
# Runs every fuzz target of the module in the working directory for the given
# time each. Without this script they run on their seeds, as part of the tests.
set -euo pipefail
duration=${1:?usage: fuzz.sh duration}

failed=0
for package in $(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "## $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" || failed=1
	done
done
exit "$failed"

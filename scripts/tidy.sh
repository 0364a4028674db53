#!/usr/bin/env bash
# Tidies the module in the working directory. go mod tidy does not know the
# workspace, so the modules of this repository are put in place of their versions
# in a copy of go.mod, and taken out again.
set -euo pipefail
root=${1:?usage: tidy.sh root}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp go.mod "$work/go.mod"
[ ! -f go.sum ] || cp go.sum "$work/go.sum"

siblings=$(cd "$root" && go list -m -f '{{.Path}}={{.Dir}}')
for sibling in $siblings; do
	go mod edit -replace "$sibling" "$work/go.mod"
done
GOWORK=off go mod tidy -modfile "$work/go.mod"
for sibling in $siblings; do
	go mod edit -dropreplace "${sibling%%=*}" "$work/go.mod"
done
# A requirement that tidy has added itself has the version of a module that has
# none; in the workspace they all have v0.0.0.
sed 's/v0\.0\.0-00010101000000-000000000000/v0.0.0/' "$work/go.mod" >go.mod
[ ! -f "$work/go.sum" ] || cp "$work/go.sum" go.sum

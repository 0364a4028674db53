#!/usr/bin/env bash
# Tests the account page's sources and checks that the committed build, which the
# server embeds, is the one they give.
set -euo pipefail
cd "$(dirname "$0")/../server/web/app"

npm test

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
npm run build -- --outDir "$fresh" --emptyOutDir
if ! diff -r ../dist "$fresh"; then
	echo "server/web/dist is not what its sources give: run 'npm run build' in server/web/app and commit the result" >&2
	exit 1
fi
echo "server/web/dist is what its sources give"

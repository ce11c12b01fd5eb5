#!/usr/bin/env bash
# Runs node's test runner on a folder's tests/*.test.js, and ends with one line per failed test and the line that ci/steps.sh counts.
#
#   ci/node-tests.sh examples/server/browser --test-concurrency=2 --test-name-pattern=refresh
set -euo pipefail
reporter=$(cd "$(dirname "$0")" && pwd)/node-failures.mjs
cd "$1"
shift

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
status=0
node --test --test-reporter=spec --test-reporter-destination=stdout --test-reporter="$reporter" --test-reporter-destination="$log/failures" \
    "$@" tests/*.test.js 2>&1 | tee "$log/all" || status=$?

sum() { sed -n "s/^ℹ $1 //p" "$log/all" | tail -n 1; }
failed=$(($(sum fail) + $(sum cancelled)))
verdict=ok
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] || verdict=FAILED
# Again, in short: what the runner says of a failure fills a screen, and the last lines are what is read.
cat "$log/failures"
echo "test result: $verdict. $(sum pass) passed; $failed failed; $(($(sum skipped) + $(sum todo))) ignored; 0 measured; 0 filtered out"
[ "$verdict" = ok ]

#!/usr/bin/env bash
# Each crate stands without its features, and what only a feature brings is then not there: no redis, and no pyo3.
set -euo pipefail
cd "$(dirname "$0")/.."

# brings PACKAGE ARGUMENTS…: which of the two are built into it, as cargo sees it.
brings() {
    local package=$1
    shift
    ci/cargo.sh tree --locked --edges normal,build --prefix none --format '{p}' --package "$package" "$@" |
        cut -d' ' -f1 | sort -u | grep -xE 'redis|redis-.*|chat-redis|pyo3|pyo3-.*|jiter' | tr '\n' ' ' || true
}

passed=0
failed=0
claim() {
    local what=$1 wanted=$2 there=$3
    if [ "$wanted" = "$there" ]; then
        echo "$what: ${there:-neither redis nor pyo3}"
        passed=$((passed + 1))
    else
        echo "$what: brings ‘$there’ and not ‘$wanted’" >&2
        failed=$((failed + 1))
    fi
}

for package in chat-core chat-ws chat-py chat-server; do
    echo "$package, no default features"
    ci/cargo.sh check --locked --quiet --package "$package" --no-default-features
    claim "$package" "" "$(brings "$package" --no-default-features)"
done
# chat-redis is the one that is redis, whatever its features; Python it does not know.
ci/cargo.sh check --locked --quiet --package chat-redis --no-default-features
claim "chat-redis" "chat-redis redis " "$(brings chat-redis --no-default-features)"

# That the question can be answered otherwise is seen where they are asked for.
case $(brings chat-py --all-features) in
    *"chat-redis "*pyo3*) passed=$((passed + 1)) ;;
    *)
        echo "chat-py with all features has no redis or no pyo3: what is asked above says nothing" >&2
        failed=$((failed + 1))
        ;;
esac

verdict=ok
[ "$failed" -eq 0 ] || verdict=FAILED
echo "test result: $verdict. $passed passed; $failed failed; 0 ignored; 0 measured; 0 filtered out"
[ "$failed" -eq 0 ]

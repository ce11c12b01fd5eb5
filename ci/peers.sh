#!/usr/bin/env bash
# The servers that `chat-load peers` compares with (benches/peers), as far as they are not there: each with exactly what its
# pins name, in a folder of its own below .cache/peers. It is made anew only where its pins, or what runs it, are others.
#
#   ci/peers.sh                       all of them
#   ci/peers.sh channels fastapi      some of them; also socketio, ws
#
# `PYTHON` is the Python for the first two where it is not `python3`.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/node.sh

# python_peer NAME: an environment of its own.
python_peer() {
    if [ -z "${python_default:-}" ]; then
        . ci/pythons.sh
        pythons_at=$PWD/.cache/peers
    fi
    environment "$1" "$python_default" "benches/peers/$1/requirements.txt"
    echo "$1: $("$pythons_at/$1/bin/python" --version)"
}

# node_peer NAME: what its lock file names. Nothing that comes with it is run.
node_peer() {
    local from=benches/peers/$1 at=.cache/peers/$1 version key
    need_node "benches/peers/$1 runs" "what benches/peers/$1 is made with"
    version=$(node --version)
    key=$(
        echo "$version"
        cat "$from/package.json" "$from/package-lock.json"
    )
    if [ "$(cat "$at/.made-of" 2>/dev/null)" != "$key" ]; then
        echo "packages of $1"
        rm -rf "$at"
        mkdir -p "$at"
        cp "$from/package.json" "$from/package-lock.json" "$at"
        (cd "$at" && npm ci --silent --no-audit --no-fund --ignore-scripts)
        printf '%s\n' "$key" >"$at/.made-of"
    fi
    echo "$1: node $version"
}

if [ $# -eq 0 ]; then
    set -- channels fastapi socketio ws
fi
for peer in "$@"; do
    case $peer in
        channels | fastapi) python_peer "$peer" ;;
        socketio | ws) node_peer "$peer" ;;
        *) missing "there is no peer \`$peer\`" "channels, fastapi, socketio, ws" ;;
    esac
done

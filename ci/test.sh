#!/usr/bin/env bash
# All tests, whatever they need. What is not there and cannot be installed is named, with how to get it.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/steps.sh

# Without a usable cargo nothing below makes sense.
ci/cargo.sh --version

# chat-redis is tested on real servers. Without one its tests fail, and say why: they are never passed over.
step "a redis-server" ci/redis.sh

# chat-server is tested behind a real proxy, in the same way.
step "an nginx" ci/nginx.sh

# chat-server is compared with others of its kind; that they work as they are started and spoken to is a test too.
step "the peers of the benches" ci/peers.sh

# Unit tests, scenarios, the programs in the documentation, who may know whom (chat-core/tests), what becomes of a
# store when its servers, its ways to them and its nodes break (chat-redis/tests), the protocol sentence by sentence
# (chat-ws/tests), and the whole server as processes (examples/server/tests).
# chat-py is apart: with its feature `python` it is a module for a Python to load, not a program.
step "tests, all features" ci/cargo.sh test --workspace --exclude chat-py --all-features --locked --no-fail-fast
step "chat-py's tests, without Python" ci/cargo.sh test -p chat-py --locked --no-fail-fast

# The core as most programs use it. Its tests bring the testkit along; that it stands without any feature, and
# with each of them alone, is seen by building the library by itself.
step "chat-core's tests, default features" ci/cargo.sh test -p chat-core --locked --no-fail-fast
step "chat-core alone" ci/cargo.sh check -p chat-core --lib --locked
step "chat-core with serde alone" ci/cargo.sh check -p chat-core --lib --locked --features serde
step "chat-core with testkit alone" ci/cargo.sh check -p chat-core --lib --locked --features testkit
step "chat-redis alone" ci/cargo.sh check -p chat-redis --lib --locked
step "chat-ws alone" ci/cargo.sh check -p chat-ws --lib --locked
step "chat-server without redis" ci/cargo.sh test -p chat-server --no-default-features --locked without_redis
step "each crate without default features" ci/features.sh

# The Python package: its wheel, installed by itself, without Django and with each of those it is for.
step "the Python package" ci/python.sh test

# The JavaScript client and the pages, each against the real server.
step "the client's tests, in node" ci/client.sh
step "the pages' tests, in Chromium" ci/browser.sh
# With the Python that the package's tests have made.
step "a Django site in Chromium" env PYTHON=.cache/python/django52/bin/python ci/django-browser.sh

# Whether anything has become slower or larger, in ways that do not depend on the machine.
step "instructions, ratios, memory (the guard)" ci/guard.sh

finish

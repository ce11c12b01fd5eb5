#!/usr/bin/env bash
# The Python package: built, installed, tested.
#
#   ci/python.sh develop          a debug build for .cache/python/dev, where the sources in chat-py/python are used as they
#                                 are; then `.cache/python/dev/bin/python -m pytest chat-py/tests/…` is the quick loop
#   ci/python.sh test [PYTEST…]   builds the wheel once, installs it, with nothing else, into environments of their own,
#                                 and runs all tests in them: without Django, with 4.2, 5.2 and the newest
#   ci/python.sh bench [WHICH…]   what the engine costs from Python: see benches/python/README.md
#   ci/python.sh lint             what is written in a way that is a fault more often than not
#
# `PYTHON` is the Python to begin with where it is not `python3`.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/pythons.sh

# cargo is looked at, and complained about, by its own script.
ci/cargo.sh --version >/dev/null
tests=$PWD/chat-py/tests
build=$pythons_at/build

# maturin asks the default Python what to build for, so that pyo3 is not built anew for each.
maturin() { "$build/bin/maturin" "$@"; }

develop() {
    environment build "$python_default" "$tests/requirements-build.txt"
    environment dev "$python_default" "$tests/requirements-django52.txt"
    VIRTUAL_ENV=$pythons_at/dev maturin develop --quiet --manifest-path chat-py/Cargo.toml --profile dev --locked
    "$pythons_at/dev/bin/python" -c 'import chat_engine; print("chat_engine", chat_engine.__version__, chat_engine.__file__)'
}

# install NAME: the wheel and nothing else, whatever was there before.
install() {
    "$pythons_at/$1/bin/python" -m pip install --quiet --no-deps --no-index --force-reinstall "$wheel"
}

# Environments that failed, and a line for each.
failed=()

# run NAME ARGUMENTS…: pytest in that environment; its sums in the line that ci/steps.sh counts.
run() {
    local name=$1 log status=0 verdict=ok
    shift
    log=$(mktemp)
    echo "--- $name: $("$pythons_at/$name/bin/python" --version)"
    # From elsewhere, so that what is imported is what was installed.
    (cd "$pythons_at" && exec "$pythons_at/$name/bin/python" -m pytest -c "$tests/pytest.ini" --rootdir "$tests" "$@") 2>&1 |
        tee "$log" || status=$?
    sum() { { grep -E '^(=+ )?[0-9].* in [0-9.]+s' "$log" || true; } | tail -n 1 | grep -oE "[0-9]+ $1" | cut -d' ' -f1 || true; }
    local passed bad ignored
    passed=$(sum passed)
    bad=$((10#0$(sum failed) + 10#0$(sum error)))
    ignored=$((10#0$(sum skipped) + 10#0$(sum xfailed)))
    if [ "$status" -ne 0 ] || [ "$bad" -ne 0 ] || [ "${passed:-0}" -eq 0 ]; then
        verdict=FAILED
        failed+=("$name")
    fi
    rm -f "$log"
    echo "test result: $verdict. ${passed:-0} passed; $bad failed; $ignored ignored; 0 measured; 0 filtered out"
}

# check NAME WHAT COMMAND…: something that either holds or not; counts as a test.
check() {
    local name=$1 what=$2
    shift 2
    if "$@"; then
        echo "$what: ok"
        echo "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"
    else
        echo "$what: FAILED" >&2
        failed+=("$name")
        echo "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out"
    fi
}

# From a checkout, as somebody would who has Rust: pip fetches maturin, builds and installs.
from_checkout() {
    local at=$pythons_at/checkout
    "$python_default" -m venv --clear "$at" &&
        "$at/bin/python" -m pip install --quiet ./chat-py &&
        (cd "$at" && bin/python -c '
import chat_engine
with chat_engine.Engine() as engine, engine.connect(user="42", name="Kim") as session:
    session.join("rust", create={"title": "Rust"})
    session.say("rust", {"text": "hello"})
    assert [event.body for event in session.batch(1) if event.ev == "said"] == [{"text": "hello"}]')
}

lint() {
    environment dev "$python_default" "$tests/requirements-django52.txt"
    "$pythons_at/dev/bin/ruff" check --quiet --config chat-py/pyproject.toml --cache-dir "$pythons_at/ruff" chat-py examples benches
}

bench() {
    environment build "$python_default" "$tests/requirements-build.txt"
    environment bench "$python_default" "$tests/requirements-django52.txt"
    rm -rf "$pythons_at/bench-wheel"
    maturin build --quiet --manifest-path chat-py/Cargo.toml --release --locked --interpreter "$python_default" \
        --out "$pythons_at/bench-wheel"
    wheel=$(ls "$pythons_at"/bench-wheel/*.whl)
    install bench
    ci/cargo.sh build --quiet --release --locked -p chat-server -p chat-benches --bins
    PYTHONPATH=benches/python exec "$pythons_at/bench/bin/python" -m chat_figures "$@"
}

test_all() {
    environment build "$python_default" "$tests/requirements-build.txt"
    rm -rf "$pythons_at/wheel"
    # Not for the world, so no old glibc is linked against (ci/wheel.sh does that); everything else is as it goes out.
    maturin build --manifest-path chat-py/Cargo.toml --release --locked --interpreter "$python_default" \
        --out "$pythons_at/wheel"
    wheel=$(ls "$pythons_at"/wheel/*.whl)
    echo "$(basename "$wheel"), $(du -h "$wheel" | cut -f1)"

    # The servers of the tests.
    ci/redis.sh

    environment plain "$python_oldest" "$tests/requirements-plain.txt"
    install plain
    run plain "$tests" --ignore "$tests/django" --ignore "$tests/servers" "$@"

    environment django42 "$python_oldest" "$tests/requirements-django42.txt"
    install django42
    run django42 "$tests/django" "$@"

    environment django52 "$python_default" "$tests/requirements-django52.txt"
    install django52
    run django52 "$tests/django" "$tests/servers" "$tests/test_package.py" "$@"

    # Django 6 needs Python 3.12; and the module, made for 3.10, is tested on the newest Python there is.
    if "$python_newest" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
        environment django6 "$python_newest" "$tests/requirements-django6.txt"
        install django6
        run django6 "$tests" --ignore "$tests/servers" "$@"
    else
        echo "NOT TESTED: Django 6 needs Python 3.12 or newer; the newest here is $("$python_newest" --version)"
    fi

    local at=$pythons_at/django52
    check stubtest "the stubs say what the module is" \
        env -C "$pythons_at" "$at/bin/python" -m mypy.stubtest chat_engine._native \
        --allowlist "$tests/stubtest.txt"
    check mypy "the package's types" \
        env -C "$pythons_at" PYTHONPATH="$tests/support" "$at/bin/python" -m mypy --config-file "$tests/mypy.ini" --package chat_engine
    check checkout "pip install ./chat-py" from_checkout
}

case ${1:-} in
    develop) develop ;;
    lint) lint ;;
    bench)
        shift
        bench "$@"
        ;;
    test)
        shift
        test_all "$@"
        if [ "${#failed[@]}" -gt 0 ]; then
            echo "failed: ${failed[*]}" >&2
            exit 1
        fi
        ;;
    *)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

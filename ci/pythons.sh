# Sourced by the scripts that need Python: finds those that are there, and makes environments of them.
#
#   python_default, python_oldest, python_newest   programs, each Python 3.10 or newer that can make environments
#   environment NAME PYTHON REQUIREMENTS           .cache/python/NAME with what the file asks for; made anew only where
#                                                  the file or the Python is another one than last time
# shellcheck shell=bash

pythons_at=$PWD/.cache/python
# The oldest Python that will do.
pythons_wanted=3.10

# A shell without a login has not cargo in its PATH, which maturin calls.
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:${PATH:-/usr/local/bin:/usr/bin:/bin}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

pythons_missing() {
    echo "error: $1" >&2
    echo "  chat-py is built for and tested with CPython $pythons_wanted or newer, with venv and pip" >&2
    echo "  Debian, Ubuntu: apt-get install python3 python3-venv      Fedora: dnf install python3" >&2
    echo "  others: https://www.python.org/downloads/; or set PYTHON to the program of one" >&2
    exit 1
}

# "3.12 /usr/bin/python3.12" for a program that is a CPython new enough; nothing for any other.
pythons_ask() {
    "$1" -c '
import sys
if sys.implementation.name == "cpython" and sys.version_info >= (3, 10):
    print("%d.%d %s" % (*sys.version_info[:2], sys.executable))' 2>/dev/null || true
}

pythons_find() {
    local name root
    for name in ${PYTHON:+"$PYTHON"} python3 python3.{10..15}; do
        if command -v "$name" >/dev/null; then pythons_ask "$name"; fi
    done
    # Those of pyenv are not in the PATH but for the chosen one.
    if command -v pyenv >/dev/null; then
        root=$(pyenv root)
        for name in "$root"/versions/3.*/bin/python3; do
            if [ -x "$name" ]; then pythons_ask "$name"; fi
        done
    fi
}

pythons_found=$(pythons_find)
if [ -z "$pythons_found" ]; then
    pythons_missing "there is no Python $pythons_wanted or newer"
fi
# In the order of the search: what `python3` means here comes first.
python_default=$(head -n 1 <<<"$pythons_found" | cut -d' ' -f2-)

# Debian has venv in a package of its own.
if ! "$python_default" -c 'import ensurepip, venv' 2>/dev/null; then
    command -v apt-get >/dev/null || pythons_missing "$python_default has no venv"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=(env)
    elif sudo -n true 2>/dev/null; then
        as_root=(sudo -n env)
    else
        pythons_missing "$python_default has no venv, and who runs this may not install it"
    fi
    echo "there is no venv for $python_default: installing it"
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get update -qq || echo "the list of packages could not be renewed" >&2
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv ||
        pythons_missing "python3-venv could not be installed"
    "$python_default" -c 'import ensurepip, venv' || pythons_missing "$python_default has no venv"
fi

pythons_usable=$(while read -r version program; do
    if "$program" -c 'import ensurepip, venv' 2>/dev/null; then echo "$version $program"; fi
done <<<"$pythons_found" | sort -s -V -k1,1)
python_oldest=$(head -n 1 <<<"$pythons_usable" | cut -d' ' -f2-)
python_newest=$(tail -n 1 <<<"$pythons_usable" | cut -d' ' -f2-)
export python_default python_oldest python_newest

environment() {
    local at=$pythons_at/$1 python=$2 requirements=$3 key
    key=$("$python" -VV; echo "$python"; cat "$requirements")
    if [ "$(cat "$at/.made-of" 2>/dev/null)" = "$key" ]; then
        return
    fi
    echo "environment $1: $("$python" --version), $(basename "$requirements")"
    "$python" -m venv --clear "$at"
    "$at/bin/python" -m pip install --quiet --requirement "$requirements"
    printf '%s\n' "$key" >"$at/.made-of"
}

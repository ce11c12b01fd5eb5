#!/usr/bin/env bash
# Makes sure that there is a redis-server, which chat-redis is tested with: where it is missing it is installed, if that can
# be done here (Debian, as root or with a sudo that asks nothing); otherwise this says what to install, and fails.
set -euo pipefail

# The oldest that will do.
wanted=7

missing() {
    echo "error: $1" >&2
    echo "  chat-redis is tested with a real server: redis-server $wanted or newer, or valkey-server under that name" >&2
    echo "  Debian, Ubuntu: apt-get install redis-server" >&2
    echo "  Fedora: dnf install redis      macOS: brew install redis      others: https://redis.io/download" >&2
    exit 1
}

if ! command -v redis-server >/dev/null; then
    command -v apt-get >/dev/null || missing "there is no redis-server"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=(env)
    elif sudo -n true 2>/dev/null; then
        as_root=(sudo -n env)
    else
        missing "there is no redis-server, and who runs this may not install it"
    fi
    echo "there is no redis-server: installing it"
    # The tests start servers of their own. RUNLEVEL=1 is how Debian's packages are told not to start theirs.
    export_for_apt=(DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
    "${as_root[@]}" "${export_for_apt[@]}" apt-get update -qq || echo "the list of packages could not be renewed" >&2
    "${as_root[@]}" "${export_for_apt[@]}" apt-get install -y -qq --no-install-recommends redis-server ||
        missing "redis-server could not be installed"
fi

# Redis server v=7.0.15 sha=… / Server v=8.0.1 …
version=$(redis-server --version | sed -n 's/.*v=\([0-9][0-9.]*\).*/\1/p')
[ "${version%%.*}" -ge "$wanted" ] 2>/dev/null || missing "redis-server ${version:-of an unknown version} is too old"
echo "redis-server $version"

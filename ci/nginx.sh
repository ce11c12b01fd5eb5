#!/usr/bin/env bash
# Makes sure that there is an nginx, which chat-server is tested behind: where it is missing it is installed, if that can be done
# here (Debian, as root or with a sudo that asks nothing); otherwise this says what to install, and fails.
set -euo pipefail

# The oldest that will do, for what examples/deploy/nginx.conf says.
wanted=1.18

missing() {
    echo "error: $1" >&2
    echo "  chat-server is tested behind a real proxy: nginx $wanted or newer, with TLS" >&2
    echo "  Debian, Ubuntu: apt-get install nginx-light" >&2
    echo "  Fedora: dnf install nginx      macOS: brew install nginx      others: https://nginx.org/en/download.html" >&2
    exit 1
}

# Where Debian puts it is not in everybody's PATH.
export PATH="$PATH:/usr/sbin"

if ! command -v nginx >/dev/null; then
    command -v apt-get >/dev/null || missing "there is no nginx"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=(env)
    elif sudo -n true 2>/dev/null; then
        as_root=(sudo -n env)
    else
        missing "there is no nginx, and who runs this may not install it"
    fi
    echo "there is no nginx: installing it"
    # The tests start one of their own. RUNLEVEL=1 is how Debian's packages are told not to start theirs.
    export_for_apt=(DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
    "${as_root[@]}" "${export_for_apt[@]}" apt-get update -qq || echo "the list of packages could not be renewed" >&2
    "${as_root[@]}" "${export_for_apt[@]}" apt-get install -y -qq --no-install-recommends nginx-light ||
        missing "nginx could not be installed"
fi

# nginx version: nginx/1.22.1
version=$(nginx -v 2>&1 | sed -n 's|.*/\([0-9][0-9.]*\).*|\1|p')
oldest=$(printf '%s\n%s\n' "$wanted" "${version:-0}" | sort -V | head -n 1)
[ "$oldest" = "$wanted" ] || missing "nginx ${version:-of an unknown version} is too old"
echo "nginx $version"

# For scripts that need node and npm: sourced, it has `missing` and `need_node`.

# The oldest node that will do.
node_wanted=20

# missing WHAT [HOW …]: says what is not there and how to get it, and ends.
missing() {
    echo "error: $1" >&2
    shift
    printf '  %s\n' "$@" >&2
    exit 1
}

# need_node WHAT FETCHED: `WHAT` runs in node, `FETCHED` is what npm fetches for it.
need_node() {
    local version major
    command -v node >/dev/null || missing "there is no node, which $1 in" \
        "node $node_wanted or newer, with npm: https://nodejs.org (Debian 13, Ubuntu 25.04 or newer: apt-get install nodejs npm)"
    version=$(node --version)
    major=${version#v}
    [ "${major%%.*}" -ge "$node_wanted" ] 2>/dev/null || missing "node $version is too old" "node $node_wanted or newer: https://nodejs.org"
    command -v npm >/dev/null || missing "there is no npm, which fetches $2" "Debian, Ubuntu: apt-get install npm"
}

# Sourced by the scripts that run several things: each is timed, a failing one does not hide the next, and the
# last lines say what became of all of them.
#
#   step NAME COMMAND…   runs it
#   skipped NAME WHY     says that it was not run
#   finish               the table and the sum of all tests; fails where a step has failed
# shellcheck shell=bash

steps_table=()
steps_failed=0
steps_log=$(mktemp)
trap 'rm -f "$steps_log"' EXIT

step() {
    local name=$1 began=$SECONDS became=ok
    shift
    printf '\n==> %s\n' "$name"
    # Through a file too, from which the tests are counted.
    if ! "$@" 2>&1 | tee -a "$steps_log"; then
        became=FAILED
        steps_failed=$((steps_failed + 1))
    fi
    steps_table+=("$(printf '%-8s %5d s  %s' "$became" $((SECONDS - began)) "$name")")
}

skipped() {
    steps_table+=("$(printf '%-8s %7s  %s: %s' 'not run' '' "$1" "$2")")
}

# Adds up what the test programs have said, one line each:
#   test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; …
# Other runners (Python, a browser) print a line of the same form.
finish() {
    local passed failed ignored
    read -r passed failed ignored < <(awk '
        /^test result: .* passed; .* measured;/ {
            for (i = 2; i <= NF; i++) {
                if ($i == "passed;") passed += $(i - 1)
                if ($i == "failed;") failed += $(i - 1)
                if ($i == "ignored;") ignored += $(i - 1)
            }
        }
        END { print passed + 0, failed + 0, ignored + 0 }' "$steps_log")
    if [ "$passed" -eq 0 ]; then
        echo "no test has passed: none was run, or nothing could be built"
        steps_failed=$((steps_failed + 1))
    fi
    printf '\n%d s in all\n' "$SECONDS"
    printf '  %s\n' "${steps_table[@]}"
    local verdict=ok
    [ "$steps_failed" -eq 0 ] && [ "$failed" -eq 0 ] || verdict=FAILED
    echo "test result: $verdict. $passed passed; $failed failed; $ignored ignored"
    [ "$verdict" = ok ]
}

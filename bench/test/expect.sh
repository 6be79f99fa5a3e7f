# SPDX-License-Identifier: MIT
# expect.sh: what the shell tests of the verbs share; sourced, with $name and $work set. `expect` and
# `check` count, `finish` prints the sum as the last line and ends the test. No history is there.
passed=0 failed=0
export TACH_HISTORY=/nonexistent/history.db # not that of whoever tests

# expect STATUS PATTERN COMMAND...: exit status, and a pattern in the error output ('' for none).
expect() {
    status=$1 pattern=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$status" ] && { [ -z "$pattern" ] || grep -q -- "$pattern" "$work/err"; }; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "$name: status $got instead of $status, or no '$pattern' in the errors of: $*"
    sed 's/^/    /' "$work/err" | head -3
}

# check COMMAND...: what must simply succeed.
check() {
    if "$@" >"$work/checked" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name: failed: $*"
        sed 's/^/    /' "$work/checked" | tail -5
    fi
}

# one_line: whether the last expected command said one line of errors.
one_line() {
    [ "$(wc -l <"$work/err")" -eq 1 ]
}

finish() {
    echo "$name: $passed passed, $failed failed"
    [ $failed -eq 0 ]
    exit
}

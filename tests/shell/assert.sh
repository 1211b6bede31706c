# shellcheck shell=bash
# Assertions for shell tests. Source this file, assert, and call `finish` at the end: it
# prints a summary and returns 1 when an assertion failed.

passed=0
failed=0

# assert_equal EXPECTED ACTUAL MESSAGE
assert_equal() {
  if [ "$1" = "$2" ]; then
    passed=$((passed + 1))
    printf 'ok   %s\n' "$3"
  else
    failed=$((failed + 1))
    printf 'FAIL %s: expected "%s", got "%s"\n' "$3" "$1" "$2"
  fi
}

# assert_not_empty ACTUAL MESSAGE
assert_not_empty() {
  if [ -n "$1" ]; then
    passed=$((passed + 1))
    printf 'ok   %s\n' "$2"
  else
    failed=$((failed + 1))
    printf 'FAIL %s: nothing there\n' "$2"
  fi
}

finish() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

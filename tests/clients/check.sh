# SPDX-License-Identifier: Apache-2.0
#
# Checks for suites that are shell scripts: each is a sentence and a command that must succeed.
#
#   check "a file comes back byte for byte" cmp a b
#   check_not "a missing file is an error" aws s3 cp s3://b/none x
#   end_checks                       # prints the count; fails if any check did

passed=0 failed=0
check() {
  local sentence=$1; shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $sentence"; echo "  $*"; sed 's/^/  | /' "$work/check.log" | tail -n 20
  fi
}
check_not() {
  local sentence=$1; shift
  if "$@" >"$work/check.log" 2>&1; then
    failed=$((failed + 1)); echo "FAILED: $sentence"; echo "  succeeded: $*"
  else
    passed=$((passed + 1))
  fi
}
same() { # texts
  [ "$1" = "$2" ] || { printf 'wanted: %s\n   got: %s\n' "$1" "$2"; return 1; }
}
end_checks() { report "$passed" "$failed"; }

# Real files of every awkward size and name, in $1.
make_files() {
  local dir=$1
  mkdir -p "$dir/deep/er" "$dir/with space"
  : >"$dir/empty"
  printf x >"$dir/one"
  head -c $((5 * 1024 * 1024 - 1)) /dev/urandom >"$dir/five-minus"
  head -c $((5 * 1024 * 1024)) /dev/urandom >"$dir/deep/five"
  head -c $((5 * 1024 * 1024 + 1)) /dev/urandom >"$dir/deep/er/five-plus"
  head -c 65537 /dev/urandom >"$dir/with space/64 KiB + 1"
  printf 'text' >"$dir/ünïcödé 日本語 🦀"
  printf 'hostile' >"$dir/a+b%20c&d=e'f"
}

# SPDX-License-Identifier: Apache-2.0
#
# What every client suite shares: a fresh rsxd on a free port of loopback, and clear skips.
#
#   . "$(dirname "$0")/../lib.sh"
#   need python3                # or the suite is skipped, aloud
#   start_server                # sets RSX_ENDPOINT, AWS_* and stops the server when the suite ends

set -euo pipefail

suite=$(basename "$(cd "$(dirname "$0")" && pwd)")
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${RSX_BIN:-$top/build/release/bin}
tools=${RSX_TOOLS:-$top/build/clients}     # where clients are installed, outside the source
work=$(mktemp -d -t "rsx-$suite-XXXXXX")
server_pid=""

skip() { echo "skipped: $suite: $*"; exit 77; }
need() {
  for tool in "$@"; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
}

free_port() {
  python3 - <<'PY' 2>/dev/null || echo $((20000 + RANDOM % 20000))
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
PY
}

end_suite() {
  local code=$?
  if [ -n "$server_pid" ]; then
    kill -TERM "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  if [ "$code" -ne 0 ] && [ "$code" -ne 77 ] && [ -e "$work/server.log" ]; then
    echo "--- last lines of the server's log"; tail -n 20 "$work/server.log"
  fi
  rm -rf "$work"
  exit "$code"
}
trap end_suite EXIT
trap 'exit 143' TERM INT

start_server() { # more arguments of rsxd dev
  [ -x "$bin/rsxd" ] || skip "rsxd is not built"
  local port
  port=$(free_port)
  export RSX_ACCESS_KEY=rsxtestkey RSX_SECRET_KEY=rsxtestsecret0123456789
  "$bin/rsxd" dev --dir "$work/data" --port "$port" "$@" >"$work/server.log" 2>&1 &
  server_pid=$!
  export RSX_ENDPOINT=http://127.0.0.1:$port RSX_PORT=$port
  export AWS_ACCESS_KEY_ID=$RSX_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$RSX_SECRET_KEY
  export AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
  export AWS_ENDPOINT_URL=$RSX_ENDPOINT
  unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE
  local i
  for i in $(seq 1 150); do
    if curl -fsS "$RSX_ENDPOINT/_/health" >/dev/null 2>&1; then return 0; fi
    kill -0 "$server_pid" 2>/dev/null || { echo "rsxd ended at its start"; exit 1; }
    sleep 0.1
  done
  echo "rsxd did not become ready within 15 seconds"; exit 1
}

# python_with PACKAGE...: $python has them, from PyPI, in a folder of the build
python_with() {
  need python3
  local name venv
  name=$(printf '%s-' "$@" | tr -d '[]'); venv=$tools/python-${name%-}
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"; mkdir -p "$tools"
    python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 has no venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" \
      || skip "PyPI does not give $*"
    touch "$venv/ready"
  fi
  python=$venv/bin/python
  PATH=$venv/bin:$PATH
}

# Runs a suite and says how much of it passed: "N passed, N failed".
report() { # passed, failed
  echo "$suite: $1 passed, $2 failed"
  [ "$2" -eq 0 ]
}

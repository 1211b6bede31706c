#!/usr/bin/env bash
# Installs the stock Socket.IO clients that the end-to-end tests and the benchmark drive, as
# the lock files name them and checked against their hashes, into DIRECTORY:
#
#   tests/realtime/install.sh DIRECTORY     (default: target/realtime)
#
# Prints two lines, the directory for NODE_PATH and the Python interpreter. What is already
# there for the same lock files is used again; two of these at once do no harm.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${1:-$here/../../target/realtime}
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)

fail() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}
for program in node npm python3; do
  command -v "$program" >/dev/null 2>&1 ||
    fail "the real-time tests need $program" "on Debian and Ubuntu: apt-get install nodejs npm python3-venv"
done

# install NAME HOW LOCK..: an installation is named after its lock files and the program's
# version, and appears complete or not at all.
install() {
  local name=$1 how=$2 version=$3 key draft
  shift 3
  key=$({ printf '%s\n' "$version" && cat "$@"; } | cksum | cut -d' ' -f1)
  installed=$directory/$name-$key
  if [ -d "$installed" ]; then return; fi
  draft=$(mktemp -d "$directory/.$name.XXXXXX")
  if ! "$how" "$draft" >"$draft.log" 2>&1; then
    cat "$draft.log" >&2
    rm -rf "$draft" "$draft.log"
    fail "the $name packages could not be installed"
  fi
  rm -f "$draft.log"
  chmod 755 "$draft"
  # Into a directory that somebody else has put there meanwhile, mv would move it.
  if ! mv -T "$draft" "$installed" 2>/dev/null; then
    rm -rf "$draft"
    [ -d "$installed" ] || fail "$installed could not be put in place"
  fi
}

with_npm() {
  cp "$here/package.json" "$here/package-lock.json" "$1"
  # No package's own scripts run.
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
}

with_pip() {
  python3 -m venv "$1"
  "$1/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes \
    --only-binary :all: -r "$here/requirements.txt"
}

install node with_npm "$(node --version)" "$here/package.json" "$here/package-lock.json"
node_modules=$installed/node_modules
install python with_pip "$(python3 --version)" "$here/requirements.txt"
printf '%s\n%s\n' "$node_modules" "$installed/bin/python"

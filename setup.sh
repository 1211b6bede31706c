#!/usr/bin/env bash
# From a clean clone to a running platform: installs what is missing (Debian, Ubuntu),
# builds the release binary and starts `marquis up` in the foreground.
#
#   ./setup.sh [--no-start] [-- OPTIONS OF marquis up]
#
# Data lies in ./data, or where MARQUIS_DATA_DIR says. Running it again is harmless.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/common.sh
. scripts/common.sh

start=yes
while [ $# -gt 0 ]; do
  case $1 in
    --no-start) start=no ;;
    --)
      shift
      break
      ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) fail "unknown option: $1" "usage: ./setup.sh [--no-start] [-- OPTIONS OF marquis up]" ;;
  esac
  shift
done
trap end_job EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

case $(uname -s) in
  Linux) ;;
  *) say "    $(uname -s) is not a system Marquis is tested on; trying" ;;
esac
need_rust
need_packages compiler postgres
want_crs
step "building marquis (a first build takes some minutes)" \
  cargo_briefly build --release --locked -p marquis

target=${CARGO_TARGET_DIR:-target}
binary=$target/release/marquis
if [ "$start" = no ]; then
  say "==> ready; start it with: $binary up --data-dir ${MARQUIS_DATA_DIR:-./data}"
  exit 0
fi
say "==> starting; Ctrl-C stops it"
trap - EXIT INT TERM HUP
exec "$binary" up --data-dir "${MARQUIS_DATA_DIR:-./data}" "$@"

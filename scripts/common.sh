# shellcheck shell=bash
# What setup.sh and test.sh share: steps with durations, commands that can be interrupted,
# the Rust toolchain, and system packages. Sourced, never run.

# Every long command is a job with a process group of its own, so that Ctrl-C and SIGTERM
# end it and everything it started, by group, instead of waiting for it.
set -m
job=
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# run COMMAND..: without stdin, interruptible; its exit code is ours.
run() {
  local status=0
  "$@" </dev/null &
  job=$!
  wait "$job" || status=$?
  job=
  return "$status"
}

end_job() {
  if [ -n "$job" ]; then
    kill -TERM -- "-$job" 2>/dev/null || true
    wait "$job" 2>/dev/null || true
    job=
  fi
}

# step TITLE COMMAND..: says what happens and how long it took; ends the script on failure.
step() {
  local title=$1 started=$SECONDS status=0
  shift
  say "==> $title"
  run "$@" || status=$?
  step_seconds=$((SECONDS - started))
  if [ "$status" -ne 0 ]; then
    printf 'error: %s failed after %s s (exit code %s)\n' "$title" "$step_seconds" "$status" >&2
    exit "$status"
  fi
  say "    $title: ok, ${step_seconds} s"
}

# cargo, with a line for every 50th crate instead of one for each when nobody watches.
cargo_briefly() {
  if [ -t 2 ]; then
    cargo "$@"
    return
  fi
  cargo "$@" 2>&1 | {
    local count=0 line
    while IFS= read -r line; do
      case $line in
        *" Compiling "* | *" Checking "*)
          count=$((count + 1))
          if [ $((count % 50)) -eq 0 ]; then say "    $count crates"; fi
          ;;
        *" Downloaded "* | *" Downloading "* | *" Running "* | *" Executable "* | *"   Blocking "*) ;;
        *) printf '%s\n' "$line" ;;
      esac
    done
  }
}

# ---- the Rust toolchain ---------------------------------------------------------------

need_rust() {
  if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
  fi
  if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
    fail "no Rust toolchain found (cargo, rustc)" \
      "install one from https://rustup.rs and open a new shell"
  fi
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(rustc --version | cut -d' ' -f2)
  if [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
    fail "rustc $found is too old; Marquis needs $wanted or newer" "update it: rustup update stable"
  fi
}

# have_component COMMAND COMPONENT: a toolchain without it still builds and tests.
have_component() {
  if ! cargo "$1" --version >/dev/null 2>&1; then
    say "==> cargo $1: skipped, not installed (rustup component add $2)"
    return 1
  fi
}

# ---- system packages ------------------------------------------------------------------

# The directory of the newest PostgreSQL server binaries, or nothing.
postgres_bin() {
  local candidate newest=
  for candidate in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/opt/postgresql*/bin /opt/homebrew/opt/postgresql*/bin; do
    if [ -x "$candidate/initdb" ] && [ -x "$candidate/postgres" ]; then
      newest=$(printf '%s\n%s\n' "$newest" "$candidate" | sort -V | tail -n 1)
    fi
  done
  if [ -n "$newest" ]; then
    say "$newest"
  elif command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1; then
    dirname "$(readlink -f "$(command -v initdb)")"
  fi
}

# missing NEED..: of `compiler`, `postgres`, `redis`, `node` (with npm) and `python` (with
# venv), those that are not there.
missing() {
  local need
  for need in "$@"; do
    case $need in
      compiler) command -v cc >/dev/null 2>&1 || say compiler ;;
      postgres) [ -n "$(postgres_bin)" ] || say postgres ;;
      redis) command -v redis-server >/dev/null 2>&1 || say redis ;;
      node) { command -v node && command -v npm; } >/dev/null 2>&1 || say node ;;
      crs) [ -d /usr/share/modsecurity-crs/rules ] || say crs ;;
      sqlmap) [ -x /usr/bin/sqlmap ] || say sqlmap ;;
      # Debian has venv without what it needs until python3-venv is installed.
      python) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || say python ;;
    esac
  done
}

# need_packages NEED..: installs what is missing where we know how and may.
need_packages() {
  local lacking
  lacking=$(missing "$@" | tr '\n' ' ')
  lacking=${lacking% }
  if [ -z "$lacking" ]; then return; fi

  local packages=() need
  for need in $lacking; do
    case $need in
      compiler) packages+=(gcc libc6-dev) ;;
      postgres) packages+=(postgresql) ;;
      redis) packages+=(redis-server) ;;
      node) packages+=(nodejs npm) ;;
      python) packages+=(python3 python3-venv) ;;
      crs) packages+=(modsecurity-crs) ;;
      sqlmap) packages+=(sqlmap) ;;
    esac
  done
  if ! command -v apt-get >/dev/null 2>&1; then
    fail "missing on this system: $lacking" \
      "Only Debian and Ubuntu are set up automatically. Install these and run this again:" \
      "Fedora:  dnf install gcc postgresql-server redis nodejs npm python3" \
      "Arch:    pacman -S gcc postgresql redis nodejs npm python" \
      "Alpine:  apk add build-base postgresql redis nodejs npm python3" \
      "macOS:   brew install postgresql redis node python (and xcode-select --install)"
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      fail "missing: $lacking" "as root: apt-get install ${packages[*]}"
    elif ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
      fail "missing: $lacking" "sudo asks for a password; run: sudo apt-get install ${packages[*]}"
    fi
    as_root=(sudo)
    say "    sudo is needed to install ${packages[*]}"
    sudo true || fail "missing: $lacking" "as root: apt-get install ${packages[*]}"
  fi
  step "installing ${packages[*]}" \
    ${as_root[@]+"${as_root[@]}"} bash "$root/scripts/install-packages.sh" "${packages[@]}"
  lacking=$(missing "$@" | tr '\n' ' ')
  if [ -n "$lacking" ]; then fail "still missing after the installation: $lacking"; fi
}

# want_crs: the firewall's Core Rule Set, without which it runs with its custom rules only.
want_crs() {
  if [ -z "$(missing crs)" ]; then return; fi
  if command -v apt-get >/dev/null 2>&1; then
    need_packages crs
  else
    say "==> the OWASP Core Rule Set is not packaged here: unpack a release of it and name its" \
      "directory in gateway.waf.crs; until then the firewall runs its custom rules only"
  fi
}

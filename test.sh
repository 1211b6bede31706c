#!/usr/bin/env bash
# Formats, lints, checks the architecture and runs every test against a PostgreSQL and a
# Redis of its own, on free ports of the loopback, which it stops again.
#
#   ./test.sh            everything
#   ./test.sh FILTER..   only the tests, those whose name contains FILTER (cargo test FILTER..)
#
# Installs what is missing on Debian and Ubuntu. Works as root and as an ordinary user.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/common.sh
. scripts/common.sh
started=$SECONDS
compile_seconds=0
scratch=
redis_pid=
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac

# ---- the servers ----------------------------------------------------------------------

# PostgreSQL refuses to run as root, so root lends it to the user the package created.
as_postgres() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif command -v runuser >/dev/null 2>&1; then
    runuser -u postgres -- "$@"
  else
    su -s /bin/sh postgres -c 'exec "$@"' -- sh "$@"
  fi
}

# A port nobody answers on, below the range the kernel gives to outgoing connections.
# Another process may take it first; whoever asks tries again.
quiet_port() {
  local port
  while :; do
    port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      say "$port"
      return
    fi
  done
}

start_postgres() {
  local attempt port options bin
  bin=$(postgres_bin)
  as_postgres "$bin/initdb" -D "$scratch/postgres" -U marquis --auth=trust --encoding=UTF8 \
    --no-locale --no-sync >"$scratch/initdb.log" 2>&1 || {
    cat "$scratch/initdb.log" >&2
    return 1
  }
  for attempt in 1 2 3 4 5; do
    port=$(quiet_port)
    # Tests own their data for seconds: durability costs time and buys nothing here.
    options="-p $port -k $scratch/socket -c listen_addresses=127.0.0.1 -c max_connections=1000"
    options="$options -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    if as_postgres "$bin/pg_ctl" start -w -t 60 -D "$scratch/postgres" \
      -l "$scratch/postgres.log" -o "$options" >/dev/null; then
      say "postgres://marquis@127.0.0.1:$port/postgres" >"$scratch/postgres.url"
      return
    fi
    say "    PostgreSQL did not start on port $port (attempt $attempt)"
  done
  cat "$scratch/postgres.log" >&2
  return 1
}

start_redis() {
  local attempt port deadline
  for attempt in 1 2 3 4 5; do
    port=$(quiet_port)
    redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no \
      --dir "$scratch" </dev/null >"$scratch/redis.log" 2>&1 &
    redis_pid=$!
    deadline=$((SECONDS + 20))
    while [ "$SECONDS" -lt "$deadline" ] && kill -0 "$redis_pid" 2>/dev/null; do
      if (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'PING\r\n' >&3 && head -c 5 <&3) \
        2>/dev/null | grep -q PONG; then
        redis_url=redis://127.0.0.1:$port
        return
      fi
      sleep 0.1
    done
    say "    Redis did not start on port $port (attempt $attempt)"
    kill -TERM "$redis_pid" 2>/dev/null || true
  done
  cat "$scratch/redis.log" >&2
  fail "Redis does not start"
}

stop_servers() {
  if [ -n "$redis_pid" ]; then
    kill -TERM "$redis_pid" 2>/dev/null || true
    wait "$redis_pid" 2>/dev/null || true
    redis_pid=
  fi
  if [ -n "$scratch" ] && [ -s "$scratch/postgres/postmaster.pid" ]; then
    local pid
    pid=$(head -n 1 "$scratch/postgres/postmaster.pid")
    # Immediate: the directory goes next, so there is nothing to write back.
    kill -QUIT "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  fi
  if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
  scratch=
}

finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  end_job
  stop_servers
  say "==> total $((SECONDS - started)) s, of which compiling ${compile_seconds} s;" \
    "$(grep -c '^name = ' Cargo.lock) crates in Cargo.lock"
  if [ "$status" -eq 0 ]; then say "==> all passed"; else say "==> FAILED (exit code $status)"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- what is needed -------------------------------------------------------------------

need_rust
need_packages compiler postgres redis node python crs sqlmap
say "==> $(rustc --version), $("$(postgres_bin)/postgres" --version), $(redis-server --version | cut -d' ' -f1-3)"
# A throw-away checkout gains nothing from incremental artefacts and pays for writing them.
if [ "${CI:-}" = true ]; then export CARGO_INCREMENTAL=0; fi

# ---- what needs no server -------------------------------------------------------------

if [ $# -eq 0 ]; then
  if have_component fmt rustfmt; then step "formatting" cargo fmt --all --check; fi
  if command -v shellcheck >/dev/null 2>&1; then
    scripts=(.ci/run .githooks/commit-msg)
    while IFS= read -r script; do scripts+=("$script"); done < <(
      find . \( -path ./target -o -path ./data -o -path ./.git \) -prune -o -name '*.sh' -print | sort
    )
    step "shell scripts" shellcheck -x "${scripts[@]}"
  else
    say "==> shell scripts: skipped, shellcheck is not installed"
  fi
  if git rev-parse --verify --quiet origin/main >/dev/null 2>&1; then
    step "commit messages" .githooks/commit-msg --since origin/main
  fi
  if have_component clippy clippy; then
    step "lints" cargo_briefly clippy --workspace --all-targets --locked -- -D warnings
    compile_seconds=$((compile_seconds + step_seconds))
  fi
fi

# One build of everything that follows: `cargo test` and the tasks find their programs
# ready, with the same features, so that nothing compiles twice.
step "building" cargo_briefly build --workspace --all-targets --locked
compile_seconds=$((compile_seconds + step_seconds))

if [ $# -eq 0 ]; then
  step "architecture" "$target/debug/xtask" arch
  if cargo deny --version >/dev/null 2>&1; then
    step "licences, bans, advisories" cargo deny --locked check
  else
    say "==> licences and advisories: skipped, cargo-deny is not installed (bans are checked above)"
  fi
fi

# ---- the tests ------------------------------------------------------------------------

step "installing the Socket.IO clients" tests/realtime/install.sh "$target/realtime"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/marquis-test.XXXXXX")
mkdir "$scratch/postgres" "$scratch/socket"
chmod 755 "$scratch"
chmod 700 "$scratch/postgres"
if [ "$(id -u)" -eq 0 ]; then chown postgres: "$scratch" "$scratch/postgres" "$scratch/socket"; fi
step "starting PostgreSQL" start_postgres
MARQUIS_TEST_POSTGRES=$(cat "$scratch/postgres.url")
start_redis
MARQUIS_TEST_REDIS=$redis_url
export MARQUIS_TEST_POSTGRES MARQUIS_TEST_REDIS
say "    MARQUIS_TEST_POSTGRES=$MARQUIS_TEST_POSTGRES MARQUIS_TEST_REDIS=$MARQUIS_TEST_REDIS"

if [ $# -eq 0 ]; then
  step "SQL bindings" "$target/debug/xtask" queries --check
fi
step "tests" cargo test --workspace --locked --no-fail-fast "$@"

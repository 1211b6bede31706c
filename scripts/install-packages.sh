#!/usr/bin/env bash
# Installs Debian packages without side effects: no service starts or is enabled, and
# PostgreSQL creates no default cluster. Run as root: scripts/install-packages.sh PACKAGE..
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)

# invoke-rc.d asks this file; 101 means "do not start".
policy=/usr/sbin/policy-rc.d
own_policy=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  own_policy=yes
fi
log=$(mktemp)
cluster_defaults=/etc/postgresql-common/createcluster.conf
saved_defaults=
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
  rm -f "$log"
  if [ -n "$own_policy" ]; then rm -f "$policy"; fi
  if [ -n "$saved_defaults" ]; then mv -f "$saved_defaults" "$cluster_defaults"; fi
}
trap finish EXIT

"${apt[@]}" update >"$log" 2>&1 || printf "    some package lists are out of date; trying with those at hand\n"
services=()
for package in "$@"; do
  case $package in
    postgresql)
      services+=(postgresql)
      "${apt[@]}" install -y --no-install-recommends postgresql-common >>"$log" 2>&1
      saved_defaults=$(mktemp /etc/postgresql-common/.createcluster.XXXXXX)
      cp -p "$cluster_defaults" "$saved_defaults"
      printf '\ncreate_main_cluster = false\n' >>"$cluster_defaults"
      ;;
    redis-server) services+=(redis-server) ;;
  esac
done
"${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1
# The programs are wanted, not the services at the next boot.
if command -v systemctl >/dev/null 2>&1; then
  for service in "${services[@]}"; do
    systemctl disable "$service" >>"$log" 2>&1 || true
  done
fi

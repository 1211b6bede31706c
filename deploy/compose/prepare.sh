#!/usr/bin/env bash
# Makes the secrets, .env and directories that compose.yaml needs. What exists is kept, so
# running it again is harmless.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
umask 077

# Root lends its files to the image's own user; anybody else runs the containers as himself.
uid=$(id -u)
gid=$(id -g)
if [ "$uid" -eq 0 ]; then
  uid=10001
  gid=10001
fi

# This directory is closed on the host. Inside a container only the files it was given appear.
mkdir -p secrets data/gateway data/avatars

# secret NAME MODE VALUE: the mode is what the container's user needs. PostgreSQL and Redis
# run under uids of their own images and read a password that is theirs alone.
secret() {
  local name=$1 mode=$2 value=$3
  if [ ! -s "secrets/$name" ]; then
    printf '%s' "$value" >"secrets/$name"
    printf 'made secrets/%s\n' "$name"
  fi
  chmod "$mode" "secrets/$name"
}
random() { openssl rand -hex 32; }

# The databases prove who they are to the services, which check it (sslmode=verify-full), by
# certificates of an authority that exists for this alone.
authority() {
  if [ -s secrets/db-authority ]; then return; fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj "/CN=Marquis databases" -keyout secrets/db-authority-key -out secrets/db-authority 2>/dev/null
  chmod 0444 secrets/db-authority
  printf 'made secrets/db-authority\n'
}
certificate() {
  local name=$1
  if [ -s "secrets/$name-certificate" ]; then return; fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -CA secrets/db-authority -CAkey secrets/db-authority-key -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name" -addext "basicConstraints=critical,CA:FALSE" \
    -keyout "secrets/$name-key" -out "secrets/$name-certificate" 2>/dev/null
  chmod 0444 "secrets/$name-key" "secrets/$name-certificate"
  printf 'made secrets/%s-certificate and its key\n' "$name"
}

authority
secret master-key 0400 "$(random)"
for database in auth users chat notifications payments; do
  certificate "$database-db"
  secret "$database-db-password" 0444 "$(random)"
  secret "$database-db-url" 0400 \
    "postgres://marquis:$(cat "secrets/$database-db-password")@$database-db:5432/$database?sslmode=verify-full&sslrootcert=/run/secrets/db-authority"
done
# The key by which push services know this installation (RFC 8292).
if [ ! -s secrets/vapid-key ]; then
  secret vapid-key 0400 "$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 | openssl pkcs8 -topk8 -nocrypt -outform DER | base64 -w0)"
fi
secret redis-password 0444 "$(random)"
secret redis-url 0400 "redis://:$(cat secrets/redis-password)@redis:6379/0"

if [ ! -e .env ]; then
  sed -e "s/^MARQUIS_UID=.*/MARQUIS_UID=$uid/" -e "s/^MARQUIS_GID=.*/MARQUIS_GID=$gid/" \
    .env.example >.env
  printf 'made .env\n'
fi
if [ "$(id -u)" -eq 0 ]; then chown -R "$uid:$gid" secrets data/gateway data/avatars; fi
printf 'ready: docker compose up --build -d --wait\n'

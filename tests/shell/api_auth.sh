#!/usr/bin/env bash
# Registration, login, a protected resource and the limit on failed logins, with nothing
# but curl, against a running instance with its default limits:
#
#   MARQUIS_URL=https://localhost:8443 MARQUIS_CA=data/tls/self-signed.pem tests/shell/api_auth.sh
#
# Uses up the allowance of this address for a minute.
set -uo pipefail
# shellcheck source=tests/shell/assert.sh
. "$(dirname "${BASH_SOURCE[0]}")/assert.sh"

base=${MARQUIS_URL:-https://localhost:8443}/api
email=shell-$$-$RANDOM@example.org
password='Password123!'

curl=(curl --silent --show-error --max-time 60)
if [ -n "${MARQUIS_CA:-}" ]; then curl+=(--cacert "$MARQUIS_CA"); fi

# post PATH JSON [CURL OPTION..]: the body of the answer
post() {
  local path=$1 body=$2
  shift 2
  "${curl[@]}" --request POST "$base$path" --header 'Content-Type: application/json' \
    --data "$body" "$@"
}

# status_of COMMAND..: only the status code
status_of() {
  "$@" --output /dev/null --write-out '%{http_code}'
}

# text_field NAME: its value in the JSON object on standard input
text_field() {
  grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4
}

login() {
  post /auth/login "{\"email\":\"$email\",\"password\":\"$1\"}" "${@:2}"
}

registered=$(post /auth/register \
  "{\"email\":\"$email\",\"password\":\"$password\",\"username\":\"shell-$$-$RANDOM\"}")
assert_not_empty "$(text_field access_token <<<"$registered")" 'registering gives an access token'

token=$(login "$password" | text_field access_token)
assert_not_empty "$token" 'logging in gives an access token'

assert_equal 200 "$(status_of "${curl[@]}" "$base/users/me" --header "Authorization: Bearer $token")" \
  'the profile is shown to its owner'
assert_equal 401 "$(status_of "${curl[@]}" "$base/users/me")" 'and to nobody else'

assert_equal 401 "$(status_of login wrongpassword)" 'a wrong password is refused'

for _ in 1 2 3 4 5 6 7 8 9 10; do
  login wrong --output /dev/null
done
assert_equal 429 "$(status_of login wrong)" 'after many failures the next attempt has to wait'

finish

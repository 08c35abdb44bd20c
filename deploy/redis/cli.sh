#!/bin/sh
# cli.sh redis|sentinel [words]: redis-cli to the server of this container, with TLS where it has it, as the user of its
# scripts. They may look and little else; who may more says so first, as operator.sh does: AUTH operator ...
set -u
kind=${1:-redis}
[ $# -eq 0 ] || shift
here=$(cd "$(dirname "$0")" && pwd)
if [ "$kind" = sentinel ]; then
  LISTEN_PORT=${LISTEN_PORT:-26379} MEMBER=sentinel
else
  LISTEN_PORT=${LISTEN_PORT:-6379} MEMBER=node
fi
. "$here/common.sh"
if [ "$kind" = sentinel ]; then own=$SENTINEL_PASSWORD; else own=$PASSWORD; fi
[ -z "$own" ] || export REDISCLI_AUTH="$own"
# shellcheck disable=SC2086
exec "$CLI" $USER_FLAGS ${CLI_FLAGS:-} -h "${LOCAL_HOST:-127.0.0.1}" -p "$LISTEN_PORT" "$@"

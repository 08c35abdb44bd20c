#!/bin/sh
# In a container that has its secrets from REDIS_SECRETS_ARCHIVE: takes those of now, an archive of its folder from the
# standard input, so that it need not be started anew. What is in the variable counts again at its next start.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-6379}
MEMBER=node
. "$here/common.sh"
[ -n "${REDIS_SECRETS_ARCHIVE:-}" ] || die 'REDIS_SECRETS_ARCHIVE is not set: here secrets are mounted, and change by themselves'
unpack_secrets
say 'has the secrets of now'

#!/bin/sh
# One command to a server of the cluster, as the user `operator`, who may do everything:
#
#   sh deploy/redis/operator.sh redis-master CLIENT LIST
#   sh deploy/redis/operator.sh sentinel-1 SENTINEL FAILOVER mymaster
#
# The command goes through the standard input: no spaces within a word. REDIS_SECRETS and REDIS_ENV_FILE as for make-secrets.sh.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/secrets.sh"
. "$here/reach.sh"
[ $# -ge 2 ] || die 'say which service and which command: operator.sh redis-master INFO replication'
[ -r "$SECRETS/users/operator.redis" ] || die "there is no $SECRETS/users/operator.redis that you can read: run make-secrets.sh, or set REDIS_SECRETS"
need_reach
service=$1
shift
# What comes back of the command says nothing of the way there.
inside "$service" true </dev/null || die "$service cannot be reached; the message stands above. Is it running, and spelt as it is called?"
printf '%s\n' "$*" | as_operator "$service"

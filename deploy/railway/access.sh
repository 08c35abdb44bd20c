#!/bin/sh
# Who may do what in the linked project and environment of Railway: its passwords, and one command as its operator.
#
#   sh deploy/railway/access.sh secrets                            makes all passwords, and gives each service its own
#   sh deploy/railway/access.sh operator redis-primary ACL WHOAMI  as operator.sh
#   sh deploy/railway/access.sh rotate begin app                   as rotate.sh: password, begin or finish
#
# Passwords are in ./redis-secrets-railway (REDIS_SECRETS), as deploy/redis/secrets.sh says; keep it secret, and a copy of its
# folder users. Railway mounts no files: the folder of each service is its variable REDIS_SECRETS_ARCHIVE.
#
# Run again, `secrets` keeps the passwords and sets the variables anew.
set -u
here=$(cd "$(dirname "$0")" && pwd)
REDIS_DIR=$here/../redis
TASK=${1:-}
export REDIS_SECRETS="${REDIS_SECRETS:-./redis-secrets-railway}" REDIS_ENV_FILE=''
export SECRET_NODES='redis-primary redis-replica-1 redis-replica-2' SECRET_SENTINELS='sentinel-1 sentinel-2 sentinel-3'
export REACH="/bin/sh $here/access.sh exec" DELIVER="/bin/sh $here/access.sh deliver"

die() {
  printf 'access.sh: %s\n' "$*" >&2
  exit 1
}

archive() { tar -c -f - -C "$REDIS_SECRETS/$1" . | gzip -9 | base64 | tr -d '\n'; }

set_variables() {
  for service in $SECRET_NODES $SECRET_SENTINELS; do
    archive "$service" | railway variable set REDIS_SECRETS_ARCHIVE --stdin --service "$service" --skip-deploys ||
      die "REDIS_SECRETS_ARCHIVE of $service was not set; railway says why above. Run this again"
  done
}

need_secrets() {
  [ -r "$REDIS_SECRETS/users/operator.redis" ] || die "there is no $REDIS_SECRETS/users that you can read: run access.sh secrets first, or set REDIS_SECRETS"
}

in_service() {
  service=$1
  shift
  railway ssh --service "$service" -- "$@"
}

# Containers that run are given the same: they were started with the variable of before.
hand_in() {
  for service in $SECRET_NODES $SECRET_SENTINELS; do
    archive "$service" | in_service "$service" /bin/sh /opt/redis-ha/take-secrets.sh || die "$service did not take its new files"
  done
}

command -v railway >/dev/null 2>&1 || die 'railway is not here. Install it: https://docs.railway.com/cli'
[ $# -lt 1 ] || shift
case $TASK in
  secrets)
    /bin/sh "$REDIS_DIR/make-secrets.sh" || exit 1
    set_variables
    ;;
  operator)
    need_secrets
    exec /bin/sh "$REDIS_DIR/operator.sh" "$@"
    ;;
  rotate)
    case ${1:-} in
      password | begin | finish)
        need_secrets
        exec /bin/sh "$REDIS_DIR/rotate.sh" "$@"
        ;;
      *) die 'say password, begin or finish, and a user or all' ;;
    esac
    ;;
  exec) in_service "$@" ;;
  deliver)
    set_variables
    hand_in
    ;;
  *) die 'say what: secrets, operator or rotate' ;;
esac

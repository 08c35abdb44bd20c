# How operator.sh and rotate.sh reach the servers. POSIX sh; secrets.sh is read before.
#
#   REACH    what runs a command in a service, its standard input too. It is given the service and the command;
#            by default `docker compose exec -T` with the Compose file and REDIS_ENV_FILE
#   RESTART  what restarts a service, which it is given; by default `docker compose restart`
#   DELIVER  what brings the folders of REDIS_SECRETS to where the services read them, and ends when they have them; by
#            default nothing: they mount them
#   SCRIPTS  where the scripts are in a service: /opt/redis-ha
SCRIPTS=${SCRIPTS:-/opt/redis-ha}

SERVICES_FILE=${COMPOSE_FILE:-docker-compose.redis-sentinel.yml}

# Before anything is changed: what would come back of Docker for each server does not say it.
need_reach() {
  [ -z "${REACH:-}" ] || return 0
  [ -r "$SERVICES_FILE" ] || die "there is no $SERVICES_FILE here: run this in the folder where it is, or set COMPOSE_FILE"
  [ -z "$ENV_FILE" ] || [ -r "$ENV_FILE" ] || die "there is no $ENV_FILE that you can read: run make-secrets.sh, or set REDIS_ENV_FILE"
  docker compose version >/dev/null 2>&1 || die 'docker compose does not run here: it needs Docker with Compose 2 (docker compose version)'
  docker version >/dev/null 2>&1 || die "Docker does not answer, or not to user $(id -un): start it (docker version says why)"
}

compose() {
  set -- -f "$SERVICES_FILE" "$@"
  [ -z "$ENV_FILE" ] || set -- --env-file "$ENV_FILE" "$@"
  docker compose "$@"
}

inside() {
  if [ -n "${REACH:-}" ]; then $REACH "$@"; else compose exec -T "$@"; fi
}

restart() {
  if [ -n "${RESTART:-}" ]; then $RESTART "$1"; else compose restart -t 10 "$1"; fi
}

deliver() { [ -z "${DELIVER:-}" ] || $DELIVER || die 'the new files did not come to all services: mend it, and run this again'; }

kind_of() {
  for one in $SENTINELS; do [ "$one" != "$1" ] || { printf sentinel && return; }; done
  printf redis
}

# as_operator SERVICE: commands from the standard input, one on each line; prints their answers. The password goes the same
# way, where neither `ps` nor `docker inspect` shows it.
as_operator() {
  kind=$(kind_of "$1")
  { printf 'AUTH operator %s\n' "$(password operator "$kind")" && cat; } |
    inside "$1" /bin/sh "$SCRIPTS/cli.sh" "$kind" 2>&1 | sed -e '1{/^OK/d' -e '}'
}

# must SERVICE: the same, and each command must be answered with OK. Used behind a pipe, so with `|| exit 1`.
must() {
  answers=$(as_operator "$1")
  wrong=$(printf '%s\n' "$answers" | tr -d '\r' | grep -v '^OK$' | grep -v '^$' | head -n 1)
  [ -n "$answers" ] && [ -z "$wrong" ] || die "$1: ${wrong:-no answer}. What was changed before holds, and both passwords are valid: mend it, and run this again"
}

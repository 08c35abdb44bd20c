# How operator.sh and rotate.sh reach the servers. POSIX sh; secrets.sh is read before.
#
#   REACH    what runs a command in a service, its standard input too. It is given the service and the command;
#            by default `docker compose exec -T` with the Compose file and REDIS_ENV_FILE
#   RESTART  what restarts a service, which it is given; by default `docker compose restart`
#   SCRIPTS  where the scripts are in a service: /opt/redis-ha
SCRIPTS=${SCRIPTS:-/opt/redis-ha}

compose() {
  set -- -f "${COMPOSE_FILE:-docker-compose.redis-sentinel.yml}" "$@"
  [ -z "$ENV_FILE" ] || set -- --env-file "$ENV_FILE" "$@"
  docker compose "$@"
}

inside() {
  if [ -n "${REACH:-}" ]; then $REACH "$@"; else compose exec -T "$@"; fi
}

restart() {
  if [ -n "${RESTART:-}" ]; then $RESTART "$1"; else compose restart -t 10 "$1"; fi
}

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

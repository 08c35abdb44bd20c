#!/bin/sh
# A Sentinel. What it has learnt (its id, epochs, the present primary, the other nodes) stays in DATA_DIR/sentinel.conf,
# which Sentinel itself rewrites; what is a setting comes from the variables again at every start:
#
#   SENTINEL_QUORUM 2   SENTINEL_DOWN_AFTER_MS 3000   SENTINEL_FAILOVER_TIMEOUT_MS 10000   SENTINEL_PARALLEL_SYNCS 1
#
# Without such a file it asks the other Sentinels, then the data nodes, and only then believes that the first of
# REDIS_NODES is the primary: a Sentinel that lost its volume must not begin with a node of the past.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-26379}
MEMBER=sentinel
IS_SERVER=yes
. "$here/common.sh"
CONF=$DATA_DIR/sentinel.conf

# What a Sentinel has learnt about this group and itself.
learnt() {
  grep -E "^sentinel (myid|current-epoch) |^sentinel (config-epoch|leader-epoch|known-replica|known-slave|known-sentinel) $MASTER_NAME " "$CONF" 2>/dev/null
}

remembered_primary() { sed -n "s/^sentinel monitor $MASTER_NAME \([^ ]*\) \([0-9]*\) .*/\1 \2/p" "$CONF" 2>/dev/null | head -n 1; }

# Whether what it has learnt is about these nodes: with other addresses it is about nothing that exists.
still_true() {
  for node in $(words "$REDIS_NODES"); do
    split_address "$node" 6379
    [ "$1 $2" = "$HOST $PORT" ] && return 0
    learnt | grep -qF "known-replica $MASTER_NAME $HOST $PORT" && return 0
  done
  return 1
}

# Sets PRIMARY and REMEMBER.
find_primary() {
  PRIMARY=$(remembered_primary) REMEMBER=yes
  # shellcheck disable=SC2086
  if [ -n "$PRIMARY" ] && still_true $PRIMARY; then
    say "remembers $PRIMARY as the primary"
    return
  fi
  [ -e "$CONF" ] && say "WARNING: $CONF says nothing about these nodes; begins anew"
  REMEMBER=no SKIP_MYSELF=yes
  look_at_sentinels
  if [ "$S_ANSWERED" -gt 0 ]; then
    PRIMARY="$S_HOST $S_PORT"
    say "begins with $PRIMARY as the primary: other Sentinels say so"
    return
  fi
  for node in $(words "$REDIS_NODES"); do
    split_address "$node" 6379
    PRIMARY="$HOST $PORT"
    if look_at_node "$HOST" "$PORT" && [ "$N_ROLE" = master ] && [ "$N_REPLICAS" -gt 0 ]; then
      say "begins with $PRIMARY as the primary: it is one"
      return
    fi
  done
  split_address "$(words "$REDIS_NODES" | { read -r first _; printf '%s' "$first"; })" 6379
  PRIMARY="$HOST $PORT"
  say "begins with $PRIMARY as the primary: the first of REDIS_NODES"
}

# A new Sentinel would hear of the replicas from the primary, ten seconds later. Names may not resolve yet.
expected_replicas() {
  for node in $(words "$REDIS_NODES"); do
    split_address "$node" 6379
    [ "$HOST $PORT" = "$PRIMARY" ] || is_name "$HOST" || printf 'sentinel known-replica %s %s %s\n' "$MASTER_NAME" "$HOST" "$PORT"
  done
}

configuration() {
  names=no
  is_name "$REDIS_ANNOUNCE_HOST" && names=yes
  cat <<EOF
$(listening)
dir $DATA_DIR
sentinel resolve-hostnames $names
sentinel announce-hostnames $names
sentinel announce-ip $REDIS_ANNOUNCE_HOST
sentinel announce-port $LISTEN_PORT
sentinel monitor $MASTER_NAME $PRIMARY ${SENTINEL_QUORUM:-2}
sentinel down-after-milliseconds $MASTER_NAME ${SENTINEL_DOWN_AFTER_MS:-3000}
sentinel failover-timeout $MASTER_NAME ${SENTINEL_FAILOVER_TIMEOUT_MS:-10000}
sentinel parallel-syncs $MASTER_NAME ${SENTINEL_PARALLEL_SYNCS:-1}
EOF
  if [ -n "$PASSWORD" ]; then printf 'sentinel auth-pass %s %s\n' "$MASTER_NAME" "$(quoted "$PASSWORD")"; fi
  if [ -n "$USERS" ]; then
    printf 'sentinel auth-user %s %s\n' "$MASTER_NAME" "$MEMBER"
    printf 'sentinel sentinel-user %s\nsentinel sentinel-pass %s\n' "$MEMBER" "$(quoted "$SENTINEL_PASSWORD")"
  elif [ -n "$SENTINEL_PASSWORD" ]; then
    printf 'requirepass %s\n' "$(quoted "$SENTINEL_PASSWORD")"
  fi
  if [ "$REMEMBER" = yes ]; then learnt; else expected_replicas; fi
  printf '%s\n' "${SENTINEL_EXTRA_CONFIG:-}"
}

check_setup
[ -n "${REDIS_SENTINELS:-}" ] || die 'REDIS_SENTINELS is not set: all Sentinels, "host:port,host:port"'
[ -n "$SENTINEL_PASSWORD" ] || say 'WARNING: REDIS_SENTINEL_PASSWORD is not set: protected mode lets only this machine in, so no other Sentinel and no application'
drop_root "$0" "$@"
make_room_for_answers
find_primary
clear_answers
umask 077
configuration >"$CONF.new" && mv "$CONF.new" "$CONF" || die "cannot write $CONF"
exec "$SERVER" "$CONF" --sentinel

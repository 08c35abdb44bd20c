#!/bin/sh
# A data node: finds out whether it is the primary or a replica, runs redis-server, and hands over when it is stopped.
#
# Which role, at every start. "Says" is the answer of the Sentinel with the highest epoch. "Holds data" is a node that
# runs and would lose something if this one started as its primary: it has keys and this one has none; or both have
# data on disk, and the other went on running while this one was away, so it may know more.
#
#   Sentinels            other nodes                       this node starts as
#   say another node     any                               replica of that node
#   say this node        nobody holds data                 primary
#                        one does not answer, and this     primary, after PEER_WAIT_SECONDS (10) without an answer
#                        node is empty
#                        one is a primary with data or     waits for the Sentinels to name it; after START_WAIT_SECONDS
#                        with replicas                     (60) replica of that node
#                        a replica is linked to a          waits for that one to end: it is another container of the
#                        primary of this name              same name. Ends after START_WAIT_SECONDS
#                        a replica holds data              waits for the Sentinels to promote it (down-after + 1.3 s),
#                                                          then replica. After START_WAIT_SECONDS (60) it promotes the
#                                                          one that is furthest itself, and starts as its replica
#   fewer than half      any                               waits for more of them, BOOT_WAIT_SECONDS (15) at most, then
#                                                          goes by those that answer
#   do not answer        one is a primary                  replica of that node
#                        a replica holds data              ends after START_WAIT_SECONDS, so that the restart policy
#                                                          tries again: no guess is safe, and without a Sentinel
#                                                          no client finds the cluster
#                        nobody holds data                 after BOOT_WAIT_SECONDS: primary if it is the first of
#                                                          REDIS_NODES, else replica of the first
#   none configured      one is a primary                  replica of that node
#                        else                              the first of REDIS_NODES: primary; others: its replicas
#
# A person who knows better says so to the node that has the data: REPLICAOF NO ONE. The others then follow it.
#
# On SIGTERM a primary hands over before it ends: writes are paused, the replicas get everything, a Sentinel promotes
# one, this node becomes its replica and lets the paused clients go there. HANDOVER_SECONDS (15) at most; 0: never.
# Whoever stops this node must grant it 5 s more than that, for the end of Redis itself.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-6379}
MEMBER=node
IS_SERVER=yes
. "$here/common.sh"
. "$here/handover.sh"

BOOT_WAIT=${BOOT_WAIT_SECONDS:-15}
PEER_WAIT=${PEER_WAIT_SECONDS:-10}
START_WAIT=${START_WAIT_SECONDS:-60}
HANDOVER=${HANDOVER_SECONDS:-15}
APPENDONLY=${REDIS_APPENDONLY:-no}
CONF=$DATA_DIR/redis.conf

has_own_data() {
  [ "$APPENDONLY" = yes ] || return 1
  [ -s "$DATA_DIR/dump.rdb" ] && return 0
  for part in "$DATA_DIR"/appendonlydir/*.rdb "$DATA_DIR"/appendonlydir/*.incr.aof "$DATA_DIR"/appendonly.aof; do
    [ -s "$part" ] && return 0
  done
  return 1
}

# Leaves P_SILENT (how many others do not answer), P_PRIMARY (a primary worth following) and P_HOLDER (the furthest of
# those that hold data), both as "host port"; and P_TWIN (one that is linked to a primary of this node's own name).
look_at_peers() {
  P_SILENT=0 P_PRIMARY='' P_HOLDER='' P_TWIN='' furthest=-1 asked=''
  for node in $(words "$REDIS_NODES"); do
    split_address "$node" 6379
    is_me "$HOST" "$PORT" && continue
    question_for_node "$ANSWERS.n$HOST $PORT" "$HOST" "$PORT" &
    asked="$asked $!"
  done
  # shellcheck disable=SC2086
  [ -n "$asked" ] && wait $asked
  for answer in "$ANSWERS".n*; do
    [ -e "$answer" ] && weigh_peer "$answer" "${answer#"$ANSWERS".n}"
  done
  rm -f "$ANSWERS".n*
}

weigh_peer() {
  if ! read_node <"$1"; then
    P_SILENT=$((P_SILENT + 1))
  elif [ "$N_ROLE" = master ]; then
    [ "$N_KEYS" -gt 0 ] || [ "$N_REPLICAS" -gt 0 ] && P_PRIMARY=$2
  elif [ "$N_LINK" = up ] && ! is_me "$N_PRIMARY_HOST" "$N_PRIMARY_PORT"; then
    P_PRIMARY="$N_PRIMARY_HOST $N_PRIMARY_PORT"
  elif [ "$N_LINK" = up ]; then
    P_TWIN=$2
  elif knows_more && [ "$N_OFFSET" -gt "$furthest" ]; then
    P_HOLDER=$2 furthest=$N_OFFSET
  fi
}

knows_more() {
  if [ "$OWN_DATA" = yes ]; then [ "$N_KEYS" -gt 0 ] && [ "$N_LINK_DOWN" -ge 0 ]; else [ "$N_KEYS" -gt 0 ]; fi
}

# A line when the reason is new, and every ten seconds.
waits_for() {
  if [ "$1" != "${LAST_REASON:-}" ] || [ $(($(now) - LAST_SAID)) -ge 10 ]; then
    say "waits ($WAITED s so far): $1"
    LAST_REASON=$1 LAST_SAID=$(now)
  fi
}

start_as_primary() { ROLE=primary && say "starts as primary: $1"; }
start_as_replica() { ROLE=replica FOLLOW="$1 $2" && say "starts as replica of $1:$2: $3"; }

# A platform may start the new container of a name before it ends the old one. Whoever promoted another node now would
# make two primaries.
wait_for_twin() {
  waits_for "${P_TWIN% *} is linked to a primary of this name: another container, which has not ended yet"
  [ "$WAITED" -ge "$START_WAIT" ] && die 'another container of this name is the primary. End it; this one starts when it is gone'
}

promote_and_follow() {
  # shellcheck disable=SC2086
  set -- $P_HOLDER
  say "WARNING: no Sentinel promoted $1:$2 within $START_WAIT s; this node does it, so that its data is not lost"
  ask_node "$1" "$2" replicaof no one >/dev/null
  start_as_replica "$1" "$2" 'it holds the data'
}

# One look; sets ROLE when it is decided.
decide_named_me() {
  if [ -n "$P_PRIMARY" ]; then
    waits_for "the Sentinels name this node, but ${P_PRIMARY% *} is a primary; they should notice"
    # shellcheck disable=SC2086
    [ "$WAITED" -ge "$START_WAIT" ] && start_as_replica $P_PRIMARY 'it has been a primary all the time'
  elif [ -n "$P_TWIN" ]; then
    wait_for_twin
  elif [ -n "$P_HOLDER" ]; then
    waits_for "${P_HOLDER% *} holds data that this node does not have; a Sentinel should promote it"
    [ "$WAITED" -ge "$START_WAIT" ] && promote_and_follow
  elif [ "$P_SILENT" -gt 0 ] && [ "$OWN_DATA" = no ]; then
    waits_for "$P_SILENT of the other nodes do not answer, and may hold data"
    [ "$WAITED" -ge "$PEER_WAIT" ] && start_as_primary "nobody who answers holds data; $P_SILENT did not answer"
  else
    start_as_primary 'the Sentinels say so, and nobody holds data that this node does not have'
  fi
}

decide_without_sentinels() {
  split_address "$(words "$REDIS_NODES" | { read -r first _; printf '%s' "$first"; })" 6379
  if [ -n "$P_PRIMARY" ]; then
    # shellcheck disable=SC2086
    start_as_replica $P_PRIMARY 'it is the primary, as far as can be seen without Sentinels'
  elif [ -n "$P_TWIN" ]; then
    wait_for_twin
  elif [ -n "$P_HOLDER" ] && [ "$S_TOTAL" -gt 0 ]; then
    waits_for "${P_HOLDER% *} holds data, and no Sentinel answers who is the primary"
    [ "$WAITED" -ge "$START_WAIT" ] && die "no Sentinel answered. Start one; or, if the data of $P_HOLDER is what you want, send it REPLICAOF NO ONE, and this node follows"
  elif [ "$S_TOTAL" -gt 0 ] && [ "$WAITED" -lt "$BOOT_WAIT" ]; then
    waits_for 'no Sentinel answers yet'
  elif is_me "$HOST" "$PORT"; then
    start_as_primary 'it is the first of REDIS_NODES, and no Sentinel says otherwise'
  else
    start_as_replica "$HOST" "$PORT" 'it is the first of REDIS_NODES, and no Sentinel says otherwise'
  fi
}

decide_once() {
  look_at_sentinels
  if [ "$S_ANSWERED" -gt 0 ] && [ $((S_ANSWERED * 2)) -le "$S_TOTAL" ] && [ "$WAITED" -lt "$BOOT_WAIT" ]; then
    waits_for "$S_ANSWERED of $S_TOTAL Sentinels answer"
  elif [ "$S_ANSWERED" -gt 0 ] && ! is_me "$S_HOST" "$S_PORT"; then
    start_as_replica "$S_HOST" "$S_PORT" "the Sentinels say so ($S_ANSWERED of $S_TOTAL, epoch $S_EPOCH)"
  else
    look_at_peers
    if [ "$S_ANSWERED" -gt 0 ]; then decide_named_me; else decide_without_sentinels; fi
  fi
}

decide() {
  ROLE='' FOLLOW='' WAITED=0 LAST_SAID=0 OWN_DATA=no
  has_own_data && OWN_DATA=yes
  began=$(now)
  while :; do
    decide_once
    [ -n "$ROLE" ] && return
    short_sleep
    WAITED=$(($(now) - began))
  done
}

# Data that was kept while persistence was on must not come back years later.
prepare_data_dir() {
  WORK_DIR=$DATA_DIR
  [ "$APPENDONLY" = yes ] && return
  WORK_DIR=$DATA_DIR/unsaved
  rm -rf "$WORK_DIR" && mkdir -p "$WORK_DIR"
  for kept in appendonlydir dump.rdb; do
    [ -e "$DATA_DIR/$kept" ] || continue
    rm -rf "$DATA_DIR/aside.$kept"
    mv "$DATA_DIR/$kept" "$DATA_DIR/aside.$kept" && say "persistence is off: $kept was put aside as aside.$kept"
  done
}

configuration() {
  cat <<EOF
# Written by redis-node.sh at every start. Changes belong into its variables.
$(listening)
dir $WORK_DIR
replica-announce-ip $REDIS_ANNOUNCE_HOST
replica-announce-port $LISTEN_PORT
maxmemory ${REDIS_MAXMEMORY:-320mb}
maxmemory-policy ${REDIS_MAXMEMORY_POLICY:-noeviction}
appendonly $APPENDONLY
appendfsync ${REDIS_APPENDFSYNC:-everysec}
save ""
rdb-del-sync-files yes
stop-writes-on-bgsave-error no
min-replicas-to-write ${REDIS_MIN_REPLICAS_TO_WRITE:-1}
min-replicas-max-lag ${REDIS_MIN_REPLICAS_MAX_LAG:-2}
replica-priority ${REDIS_REPLICA_PRIORITY:-100}
repl-backlog-size ${REDIS_REPL_BACKLOG_SIZE:-32mb}
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-ping-replica-period 2
repl-timeout 10
client-output-buffer-limit replica 96mb 48mb 60
tcp-keepalive 30
shutdown-timeout 3
EOF
  if [ -n "$USERS" ]; then
    REDIS_REPLICA_PASSWORD_FILE=$REDIS_SECRETS_DIR/replica-password
    secret REDIS_REPLICA_PASSWORD
    printf 'masteruser replica\nmasterauth %s\n' "$(quoted "$SECRET")"
  elif [ -n "$PASSWORD" ]; then
    printf 'requirepass %s\nmasterauth %s\n' "$(quoted "$PASSWORD")" "$(quoted "$PASSWORD")"
  fi
  if [ "$ROLE" = replica ]; then printf 'replicaof %s\n' "$FOLLOW"; fi
  printf '%s\n' "${REDIS_EXTRA_CONFIG:-}"
}

stop_server() {
  trap '' TERM INT
  say 'was asked to stop'
  read_secrets
  [ "$HANDOVER" -gt 0 ] && hand_over
  kill -TERM "$server"
}

# One function, so that the shell has read all of it: this file may be replaced while it runs.
main() {
  check_setup
  [ -n "$PASSWORD" ] || say 'WARNING: REDIS_PASSWORD is not set: protected mode lets only this machine in, so no replica and no application'
  drop_root "$0" "$@"
  make_room_for_answers
  trap clear_answers EXIT
  trap 'say "was asked to stop before it had a role"; exit 0' TERM INT
  decide
  prepare_data_dir
  umask 077
  configuration >"$CONF.new" && mv "$CONF.new" "$CONF" || die "cannot write $CONF"

  # A signal that comes before the number of the server is known waits until it is.
  is_asked=no
  trap 'is_asked=yes' TERM INT
  "$SERVER" "$CONF" &
  server=$!
  trap stop_server TERM INT
  [ "$is_asked" = no ] || stop_server
  code=0
  # A signal ends `wait` early; the loop ends with the server.
  while kill -0 "$server" 2>/dev/null; do
    wait "$server"
    code=$?
  done
  say "redis ended with code $code"
  exit "$code"
}

main "$@"

#!/bin/sh
# healthcheck.sh redis|sentinel [live]: the exit code is the verdict, one line says why. With `live` it only asks whether
# the process answers, which is all that a restart could mend.
#
#   redis     a primary: the Sentinels agree, and as many replicas are linked as its writes need. A replica: is linked.
#   sentinel  there is a majority and a quorum, and it knows all data nodes and all other Sentinels.
#
# Where nodes have names, one that was started anew is reached at its former address until every name server has heard of
# it. So there a replica is good when most Sentinels reach it, and a Sentinel when most of them do: whoever ends one node
# after the other, each when the last one is good, then always leaves one behind that can be promoted.
#
# Few processes and no pipes: a Sentinel with a tenth of a processor stands still while its health check runs.
set -u
kind=${1:-redis}
here=$(cd "$(dirname "$0")" && pwd)
if [ "$kind" = sentinel ]; then
  LISTEN_PORT=${LISTEN_PORT:-26379} MEMBER=sentinel
else
  LISTEN_PORT=${LISTEN_PORT:-6379} MEMBER=node
fi
. "$here/common.sh"
. "$here/handover.sh"
make_room_for_answers

tell() {
  code=$1
  shift
  clear_answers
  printf '%s\n' "$*"
  exit "$code"
}
good() { tell 0 "$@"; }
bad() { tell 1 "$@"; }
own_sentinel() { ask_sentinel "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT" "$@"; }

check_live() {
  if [ "$kind" = sentinel ]; then answer=$(own_sentinel ping); else answer=$(ask_me ping); fi
  case $answer in
    PONG | LOADING* | MASTERDOWN*) good "$answer" ;;
    *) bad "no answer to PING: ${answer:-silence}" ;;
  esac
}

# How long this process runs, in ms, into $AGE: a whole number of seconds, rounded down.
look_at_age() {
  if [ "$kind" = sentinel ]; then own_sentinel info server; else ask_me info server; fi >"$ANSWERS.age"
  AGE=0
  while IFS=: read -r field value; do
    [ "$field" = uptime_in_seconds ] && AGE=${value%"$RETURN"}000
  done <"$ANSWERS.age"
}

# require_sight LIST OWN: most Sentinels must have had an answer of this very process, by their lists of replicas or of
# sentinels: one that was answered before it began has spoken to the container before. OWN: its own view counts, too.
require_sight() {
  is_name "$REDIS_ANNOUNCE_HOST" || return 0
  seen=$2 sentinels=$2 others=''
  for sentinel in $(all_sentinels); do
    is_me "${sentinel%,*}" "${sentinel##*,}" && continue
    sentinels=$((sentinels + 1)) others="$others $sentinel"
  done
  look_at_age
  ask_sentinels "$others" "$1" v
  for answer in "$ANSWERS".v*; do
    [ -e "$answer" ] && read_candidates <"$answer" || continue
    PING_OF=$AGE
    for candidate in $CANDIDATES; do
      case $candidate in "$REDIS_ANNOUNCE_HOST,$LISTEN_PORT,"*) PING_OF=${candidate##*,} ;; esac
    done
    [ "$PING_OF" -lt "$AGE" ] && seen=$((seen + 1))
  done
  [ $((seen * 2)) -gt "$sentinels" ] || bad "only $seen of $sentinels Sentinels reach it"
}

# shellcheck disable=SC2086
expected() { count_words $(words "$1"); }

check_sentinel() {
  answer=$(own_sentinel <<EOF
sentinel ckquorum $MASTER_NAME
sentinel master $MASTER_NAME
EOF
  ) || bad 'Sentinel does not answer'
  case $answer in OK*) ;; *) bad "no quorum: ${answer%%name*}" ;; esac
  read_group <<EOF
${answer#*
}
EOF
  [ "$G_REPLICAS" -ge $(($(expected "$REDIS_NODES") - 1)) ] || bad "knows only $G_REPLICAS replicas"
  [ "$G_OTHERS" -ge $(($(expected "$REDIS_SENTINELS") - 1)) ] || bad "knows only $G_OTHERS other Sentinels"
  require_sight sentinels 1
  good "quorum; primary $G_HOST:$G_PORT, $G_REPLICAS replicas, $G_OTHERS other Sentinels"
}

check_redis() {
  look_at_node "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT" || bad 'redis does not answer'
  if [ "$N_ROLE" != master ]; then
    [ "$N_LINK" = up ] || bad "replica of $N_PRIMARY_HOST:$N_PRIMARY_PORT, not linked"
    # Nobody would promote it, and without Sentinels nobody has to reach it.
    [ "${REDIS_REPLICA_PRIORITY:-100}" = 0 ] || [ -z "${REDIS_SENTINELS:-}" ] || require_sight replicas 0
    good "replica of $N_PRIMARY_HOST:$N_PRIMARY_PORT, linked"
  fi
  needed=${REDIS_MIN_REPLICAS_TO_WRITE:-1}
  [ "$N_REPLICAS" -ge "$needed" ] || bad "primary with $N_REPLICAS replicas: refuses writes below $needed"
  replicas=$N_REPLICAS
  look_at_sentinels
  [ "$S_TOTAL" -eq 0 ] && good "primary with $replicas replicas"
  [ "$S_ANSWERED" -gt 0 ] || bad 'primary, but no Sentinel answers'
  is_me "$S_HOST" "$S_PORT" || bad "primary, but the Sentinels name $S_HOST:$S_PORT"
  good "primary with $replicas replicas, and the Sentinels agree"
}

[ "${2:-}" = live ] && check_live
if [ "$kind" = sentinel ]; then check_sentinel; else check_redis; fi

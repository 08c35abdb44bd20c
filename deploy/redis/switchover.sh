#!/bin/sh
# Moves the primary to another node on purpose and loses nothing, from the container of any data
# node. It does what a primary does when it is stopped, from outside: the old primary goes on as a replica.
#
#   sh /opt/redis-ha/switchover.sh      ends with 0 when another node is the primary
#
# HANDOVER_SECONDS (15) at most, of which writes are paused for about a second.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-6379}
MEMBER=node
. "$here/common.sh"
. "$here/handover.sh"
HANDOVER=${HANDOVER_SECONDS:-15}

[ -n "${REDIS_SENTINELS:-}" ] || die 'REDIS_SENTINELS is not set: all Sentinels, "host:port,host:port"'
make_room_for_answers
trap clear_answers EXIT
look_at_sentinels
[ "$S_ANSWERED" -gt 0 ] || die 'no Sentinel answers that could fail over'
# From here on this process speaks for the primary, wherever it runs.
REDIS_ANNOUNCE_HOST=$S_HOST LOCAL_HOST=$S_HOST LISTEN_PORT=$S_PORT OWN_ADDRESSES=''
# The pause comes with a setting that only a node that ends may keep.
period=$(ask_me config get repl-ping-replica-period | tail -n 1)
case $period in
  '' | *[!0-9]*) die "$S_HOST:$S_PORT does not say its repl-ping-replica-period: ${period:-no answer}" ;;
esac
hand_over
ask_me config set repl-ping-replica-period "$period" >/dev/null
# The Sentinel that did it is the last to name the new primary, and has the highest epoch.
give_up_at=$(($(now) + 5))
look_at_sentinels
while is_me "$S_HOST" "$S_PORT"; do
  [ "$(now)" -lt "$give_up_at" ] || die "$S_HOST:$S_PORT is the primary as before"
  short_sleep
  look_at_sentinels
done
say "the primary is $S_HOST:$S_PORT"

#!/bin/sh
# A drill, from the container of any data node: is everything well, the primary is moved
# on purpose while numbers are written, is everything well again, and is nothing lost? The exit code is the verdict.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-6379}
MEMBER=node
. "$here/common.sh"
KEY=redis-ha:drill
WHOLE_WITHIN_SECONDS=${WHOLE_WITHIN_SECONDS:-60}

# Why the cluster is not whole, in PROBLEM; empty when it is.
look_for_problem() {
  PROBLEM=''
  look_at_sentinels
  [ "$S_ANSWERED" -eq "$S_TOTAL" ] || PROBLEM="$S_ANSWERED of $S_TOTAL Sentinels answer"
  [ -n "$S_HOST" ] || return
  # shellcheck disable=SC2046
  replicas=$(($(count_words $(words "$REDIS_NODES")) - 1))
  look_at_node "$S_HOST" "$S_PORT"
  [ "$N_ROLE" = master ] || PROBLEM="$S_HOST:$S_PORT does not answer as a primary"
  [ -n "$PROBLEM" ] || [ "$N_ONLINE" -ge "$replicas" ] || PROBLEM="the primary $S_HOST has $N_ONLINE of $replicas replicas"
  for sentinel in $(words "$REDIS_SENTINELS"); do
    split_address "$sentinel" 26379
    case $(ask_sentinel "$HOST" "$PORT" sentinel ckquorum "$MASTER_NAME") in
      OK*) ;;
      *) PROBLEM="the Sentinel $HOST could not fail over" ;;
    esac
  done
}

await_whole() {
  give_up_at=$(($(now) + WHOLE_WITHIN_SECONDS))
  look_for_problem
  while [ -n "$PROBLEM" ]; do
    [ "$(now)" -lt "$give_up_at" ] || die "the cluster is not whole: $PROBLEM"
    short_sleep
    look_for_problem
  done
}

# Counts up on whoever is the primary until the file $ANSWERS.end is there. Leaves in the file $ANSWERS.count the last
# acknowledged number, the longest time without one, and how often a number came again: then some were lost.
write_numbers() {
  look_at_clock
  last=0 longest=0 again=0 acknowledged_at=$NOW
  while [ ! -e "$ANSWERS.end" ]; do
    number=$(ask_node "$S_HOST" "$S_PORT" incr "$KEY")
    case $number in
      '' | *[!0-9]*) look_at_sentinels ;;
      *)
        look_at_clock
        [ $((NOW - acknowledged_at)) -gt "$longest" ] && longest=$((NOW - acknowledged_at))
        [ "$number" -gt "$last" ] || again=$((again + 1))
        last=$number acknowledged_at=$NOW
        printf '%s %s %s\n' "$last" "$longest" "$again" >"$ANSWERS.count"
        ;;
    esac
    tiny_sleep
  done
}

[ -n "${REDIS_NODES:-}" ] && [ -n "${REDIS_SENTINELS:-}" ] || die 'REDIS_NODES and REDIS_SENTINELS are not set'
make_room_for_answers
trap clear_answers EXIT
await_whole
say "whole; the primary is $S_HOST:$S_PORT"
ask_node "$S_HOST" "$S_PORT" del "$KEY" >/dev/null
# The two ask at one time, so their answers have rooms of their own.
(
  ANSWERS=$ANSWERS.w
  write_numbers
) &
writer=$!
/bin/sh "$here/switchover.sh"
verdict=$?
short_sleep
: >"$ANSWERS.w.end"
wait "$writer"
await_whole
read -r last longest again <"$ANSWERS.w.count"
found=$(ask_node "$S_HOST" "$S_PORT" get "$KEY")
ask_node "$S_HOST" "$S_PORT" del "$KEY" >/dev/null
say "whole; the primary is $S_HOST:$S_PORT. $last numbers acknowledged, longest time without one $longest ms"
[ "$verdict" -eq 0 ] || die 'the primary was not moved'
[ "$again" -eq 0 ] && [ "$found" -ge "$last" ] || die "acknowledged numbers are lost: the last was $last, Redis has $found"
say 'passed'

# A planned end of a primary: nothing that was acknowledged is lost, and nobody waits for down-after.
#
# One deadline, HANDOVER_SECONDS after the signal. Every wait ends by it:
#
#   until 4 s before it      the Sentinel's candidates are looked at, and a good moment is awaited; writes go on
#   then, 1 s at most        writes are paused, and the candidates receive the rest; if they do not, writes go on and
#                            nobody is asked for anything
#   then, until the deadline a Sentinel is asked to fail over, and all are asked who the primary is
#
# From the moment at which a Sentinel may have said yes, no write is executed here as by a primary: this node either
# becomes a replica of its successor, or ends with writes paused. The pause outlasts both, by END_MS.
#
# While writes are paused every process counts: they are few, and what can be asked before is asked before.

PAUSED_MS=4000
CATCH_UP_MS=1000
# The end of Redis itself (shutdown-timeout 3) and some more.
END_MS=5000
# How long ago a Sentinel may have had its last INFO of the candidates when writes are about to be paused.
BEAT_FROM_MS=200
BEAT_TO_MS=400

# Whether so many milliseconds are left before the deadline.
is_left() {
  look_at_clock
  [ $((DEADLINE - NOW)) -gt "$1" ]
}

# Runs `$2` of every Sentinel in $1 ("host,port" words) at one time; the answers are in "$ANSWERS.$3<host,port>".
ask_sentinels() {
  asked=''
  for sentinel in $1; do
    ask_into "$ANSWERS.$3$sentinel" "$SENTINEL_PASSWORD" "${sentinel%,*}" "${sentinel##*,}" sentinel "$2" "$MASTER_NAME" &
    asked="$asked $!"
  done
  # shellcheck disable=SC2086
  [ -z "$asked" ] || wait $asked
}

all_sentinels() {
  for sentinel in $(words "${REDIS_SENTINELS:-}"); do
    split_address "$sentinel" 26379
    printf '%s,%s ' "$HOST" "$PORT"
  done
}

# Leaves LIVE (the Sentinels whose word counts), LEADERS (those that name this node as the primary and have nothing under
# way), LEADER (one of them) and RUNNING (yes: one fails this node over already, or knows of a later primary). The word of one that names
# another node by an older epoch does not count: it has slept.
consult_sentinels() {
  LIVE='' LEADERS='' LEADER='' RUNNING=no others='' newest=-1 newest_is_me=no
  ask_sentinels "$(all_sentinels)" master q
  for answer in "$ANSWERS".q*; do
    [ -e "$answer" ] && read_group <"$answer" || continue
    sentinel=${answer#"$ANSWERS".q} is_own=no is_busy=no
    is_me "$G_HOST" "$G_PORT" && is_own=yes
    case $G_FLAGS in *failover_in_progress*) is_busy=yes ;; esac
    [ "$G_EPOCH" -gt "$newest" ] && newest=$G_EPOCH newest_is_me=$is_own
    case $is_own,$is_busy in
      yes,no) LIVE="$LIVE $sentinel" LEADERS="$LEADERS $sentinel" LEADER=$sentinel ;;
      yes,yes) LIVE="$LIVE $sentinel" RUNNING=yes ;;
      # The end of the failover that made this node the primary: this Sentinel can do no other yet.
      no,yes) LIVE="$LIVE $sentinel" newest_is_me=yes ;;
      no,no) others="$others $sentinel,$G_EPOCH" ;;
    esac
  done
  for other in $others; do
    [ "$newest_is_me" = no ] && [ "${other##*,}" -eq "$newest" ] && LIVE="$LIVE ${other%,*}" RUNNING=yes
  done
  rm -f "$ANSWERS".q*
}

# Waits, while writes go on, until there is a Sentinel to be asked, or one that has begun without being asked.
await_leader() {
  consult_sentinels
  while [ -z "$LEADER" ] && [ "$RUNNING" = no ]; do
    [ -n "$LIVE" ] && is_left "$PAUSED_MS" || return 1
    short_sleep
    consult_sentinels
  done
}

# Whom the Sentinel may choose, from its answer to SENTINEL REPLICAS on the standard input, with what it goes by:
# "host,port,priority,offset,ping" words in CANDIDATES, where ping is the age of its last answer; and how old its last INFO of them is, in INFO_FROM and INFO_TO. It leaves out those with priority 0, and those that it misses.
# AS_PRIMARY: whether it has last seen one of them as a primary.
read_candidates() {
  CANDIDATES='' C_HOST='' INFO_FROM=999999999 INFO_TO=0 AS_PRIMARY=no
  while read -r field && read -r value; do
    case $field in
      name)
        add_candidate
        C_HOST='' C_PORT='' C_FLAGS='' C_PING=0 C_LINK_DOWN=0 C_PATIENCE=0 C_PRIORITY=100 C_OFFSET=0 C_INFO=0 C_ROLE=slave
        ;;
      ip) C_HOST=$value ;;
      port) C_PORT=$value ;;
      flags) C_FLAGS=$value ;;
      last-ok-ping-reply) C_PING=$value ;;
      master-link-down-time) C_LINK_DOWN=$value ;;
      down-after-milliseconds) C_PATIENCE=$((value * 10)) ;;
      slave-priority) C_PRIORITY=$value ;;
      slave-repl-offset) C_OFFSET=$value ;;
      info-refresh) C_INFO=$value ;;
      role-reported) C_ROLE=$value ;;
    esac
  done
  add_candidate
}

add_candidate() {
  [ -n "$C_HOST" ] && [ "$C_PRIORITY" -gt 0 ] && [ "$C_PING" -le 5000 ] && [ "$C_LINK_DOWN" -le "$C_PATIENCE" ] || return 0
  case $C_FLAGS in *s_down* | *o_down* | *disconnected*) return 0 ;; esac
  CANDIDATES="$CANDIDATES $C_HOST,$C_PORT,$C_PRIORITY,$C_OFFSET,$C_PING"
  [ "$C_ROLE" = slave ] || AS_PRIMARY=yes
  [ "$C_INFO" -lt "$INFO_FROM" ] && INFO_FROM=$C_INFO
  [ "$C_INFO" -gt "$INFO_TO" ] && INFO_TO=$C_INFO
  return 0
}

# Asks candidates at one time. Leaves READY, those that follow this node, are linked and have everything up to the
# offset $2; and UNREADY, the others.
look_at_candidates() {
  READY='' UNREADY='' asked=''
  for candidate in $1; do
    rest=${candidate#*,}
    question_for_node "$ANSWERS.c$candidate" "${candidate%%,*}" "${rest%%,*}" &
    asked="$asked $!"
  done
  # shellcheck disable=SC2086
  [ -z "$asked" ] || wait $asked
  for candidate in $1; do
    if read_node <"$ANSWERS.c$candidate" && [ "$N_LINK" = up ] && [ "$N_OFFSET" -ge "$2" ] && is_me "$N_PRIMARY_HOST" "$N_PRIMARY_PORT"; then
      READY="$READY $candidate"
    else
      UNREADY="$UNREADY $candidate"
    fi
  done
  rm -f "$ANSWERS".c*
  [ -n "$READY" ]
}

# Sentinel takes the lowest priority, and of those the greatest offset that it knows. Whether $1 comes before $2.
is_preferred() {
  one=${1#*,*,} two=${2#*,*,}
  one=${one%,*} two=${two%,*}
  [ "${one%,*}" -lt "${two%,*}" ] && return 0
  [ "${one%,*}" -eq "${two%,*}" ] && [ "${one#*,}" -gt "${two#*,}" ]
}

# Whether the Sentinel takes one of READY, whatever becomes of UNREADY.
is_choice_safe() {
  for unready in $UNREADY; do
    is_beaten=no
    for ready in $READY; do
      is_preferred "$ready" "$unready" && is_beaten=yes && break
    done
    [ "$is_beaten" = yes ] || return 1
  done
}

# Waits, while writes go on, until one of LEADERS would choose a replica that is ready, and makes that one LEADER. One that is
# silent or not linked is no obstacle once the Sentinel has noticed it too, or has seen that another one has more. A Sentinel
# that reaches no replica, or does not know them yet, would refuse: another one is asked.
await_ready_replica() {
  while :; do
    ask_sentinels "$LEADERS" replicas r
    is_any_ready=no
    for LEADER in $LEADERS; do
      read_candidates <"$ANSWERS.r$LEADER"
      look_at_candidates "$CANDIDATES" 0 || continue
      is_any_ready=yes
      is_choice_safe && return 0
    done
    if [ "$is_any_ready" = no ]; then
      # A replica that follows and that the Sentinel does not reach yet may have got a new address a moment ago.
      look_at_node "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT"
      [ "$N_ONLINE" -gt 0 ] || return 1
    fi
    is_left "$PAUSED_MS" || return 1
    short_sleep
  done
}

# Whether none of LEADERS, whose answers are there, has last seen a candidate as a primary.
are_roles_seen() {
  for leader in $LEADERS; do
    read_candidates <"$ANSWERS.r$leader"
    [ "$AS_PRIMARY" = no ] || return 1
  done
}

# Most of the pause is spent on an answer: a Sentinel has promoted a replica within 0.3 s, and names it when the next INFO
# says so. During a failover that comes one second after the one before it, and at other times every ten seconds; so a
# Sentinel that is asked soon after an INFO has the next one soon after the promotion, and another has it a second
# later. Each Sentinel has a beat of its own: waits, while writes go on, for the first that is right, and makes that one
# LEADER. A failover that begins meanwhile ends the wait, with RUNNING. No moment is right while one of them has last seen
# a candidate as a primary: it would make that one a replica again at its next look, and undo the promotion.
await_beat() {
  while is_left $((PAUSED_MS + 300)); do
    consult_sentinels
    [ "$RUNNING" = no ] || return 0
    ask_sentinels "$LEADERS" replicas r
    are_roles_seen || { tiny_sleep && continue; }
    for LEADER in $LEADERS; do
      read_candidates <"$ANSWERS.r$LEADER"
      [ "$INFO_FROM" -ge "$BEAT_FROM_MS" ] && [ "$INFO_TO" -le "$BEAT_TO_MS" ] || continue
      look_at_candidates "$CANDIDATES" 0 && is_choice_safe && return 0
    done
    tiny_sleep
  done
  # None was right in time: then any moment will do.
  [ -n "$LEADER" ] && await_ready_replica
}

# Writes stop. Leaves the offset behind which nothing comes in PAUSED_AT; fails when this node did not answer. Not even a
# PING to the replicas comes behind it: with one that the successor never got, this node and the other replicas would
# have to copy everything from it.
pause_writes() {
  look_at_clock
  PAUSED_AT=''
  ask_into "$ANSWERS.me" "$PASSWORD" "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT" <<EOF
config set repl-ping-replica-period 3600
client pause $((DEADLINE - NOW + END_MS)) write
info replication
EOF
  { read -r _ && read -r paused && read_node; } <"$ANSWERS.me" || return 1
  [ "${paused%"$RETURN"}" = OK ] && PAUSED_AT=$N_OFFSET
}

# All of READY, because Sentinel chooses for itself. It needs more than a second for its part.
catch_up() {
  candidates=$READY
  look_at_clock
  give_up_at=$((NOW + CATCH_UP_MS))
  until look_at_candidates "$candidates" "$PAUSED_AT" && [ -z "$UNREADY" ]; do
    look_at_clock
    [ "$NOW" -lt "$give_up_at" ] || return 1
    tiny_sleep
  done
  is_left 1500
}

# Asks every Sentinel whose word counts, until one names another primary. It does so once the promotion is verified.
# Leaves it in G_HOST and G_PORT.
await_successor() {
  while is_left 0; do
    ask_sentinels "$LIVE" get-master-addr-by-name l
    for answer in "$ANSWERS".l*; do
      { read -r G_HOST && read -r G_PORT; } <"$answer" || continue
      case $G_PORT in '' | *[!0-9]*) continue ;; esac
      is_me "$G_HOST" "$G_PORT" || return 0
    done
    tiny_sleep
  done
  return 1
}

# Paused clients get an honest READONLY instead of a closed connection, and ask for the new primary. Only a replica
# lets them go.
follow_successor() {
  case $(ask_me replicaof "$G_HOST" "$G_PORT") in OK*) ;; *) return 1 ;; esac
  ask_me client unpause >/dev/null
}

# This node may be the only replica that the successor has for the moment, and without one it would refuse writes.
await_other_replicas() {
  needed=${REDIS_MIN_REPLICAS_TO_WRITE:-1}
  short_sleep
  [ "$needed" -gt 0 ] || return 0
  while is_left 0; do
    look_at_node "$G_HOST" "$G_PORT" || return 0
    [ "$N_ONLINE" -gt "$needed" ] && return 0
    short_sleep
  done
}

# The only place where writes go on as before: nobody was asked for a failover, or the Sentinel refused.
stay_primary() {
  ask_me client unpause >/dev/null
  say "WARNING: hands over to nobody: $1. The Sentinels will notice that this node is gone"
}

# Asks for a failover. 0: it may have begun. Leaves the answer in VERDICT.
request_failover() {
  VERDICT=$(ask_sentinel "${LEADER%,*}" "${LEADER##*,}" sentinel failover "$MASTER_NAME")
  case $VERDICT in
    # INPROG: another one has begun meanwhile. No answer: nobody knows.
    OK* | INPROG* | '') return 0 ;;
    *) return 1 ;;
  esac
}

end_as_replica() {
  if await_successor && follow_successor; then
    say "handed over to $G_HOST:$G_PORT"
    await_other_replicas
  else
    say "WARNING: nobody took over within $HANDOVER s; ends with writes paused, as a Sentinel may still promote a replica"
  fi
}

hand_over() {
  look_at_clock
  DEADLINE=$((NOW + HANDOVER * 1000))
  look_at_node "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT"
  [ "$N_ROLE" = master ] || return 0
  if ! await_leader; then
    say 'hands over to nobody: no Sentinel answers that could fail over'
  elif [ "$RUNNING" = no ] && ! { await_ready_replica && await_beat; }; then
    say 'hands over to nobody: the Sentinel could choose no replica that is linked and answers, or not only those'
  elif [ "$RUNNING" = yes ]; then
    pause_writes
    say 'a failover is under way: writes are paused'
    end_as_replica
  elif say "hands over through the Sentinel $LEADER: writes are paused" && ! pause_writes; then
    stay_primary 'this node does not answer'
  elif ! catch_up; then
    stay_primary 'a replica did not receive everything in time'
  elif ! request_failover; then
    stay_primary "the Sentinel said: $VERDICT"
  else
    end_as_replica
  fi
}

# A planned end of a primary: nothing that was acknowledged is lost, and nobody waits for down-after.
# While writes are paused every process counts: they are few, and what can be asked before is asked before.

# Own state and linked replicas in one answer. Leaves H_ROLE, H_OFFSET and H_REPLICAS ("host port" on each line).
look_at_myself() {
  H_ROLE='' H_OFFSET=0 H_REPLICAS=''
  ask_me "$@" >"$ANSWERS.me"
  while IFS= read -r line; do
    line=${line%"$RETURN"}
    case $line in
      role:*) H_ROLE=${line#*:} ;;
      master_repl_offset:*) H_OFFSET=${line#*:} ;;
      slave[0-9]*:ip=*,state=online,*)
        line=${line#*:ip=}
        H_PORT=${line#*,port=}
        H_REPLICAS="$H_REPLICAS
${line%%,*} ${H_PORT%%,*}"
        ;;
    esac
  done <"$ANSWERS.me"
}

# Whether every linked replica has everything up to H_OFFSET. They are asked themselves: what the primary knows of them
# is up to a second old. All of them, because Sentinel chooses for itself.
replicas_have_all() {
  asked=''
  while read -r host port; do
    [ -n "$host" ] || continue
    question_for_node "$host" "$port" >"$ANSWERS.h$host $port" &
    asked="$asked $!"
  done <<EOF
$H_REPLICAS
EOF
  # shellcheck disable=SC2086
  wait $asked
  all=yes
  for answer in "$ANSWERS".h*; do
    read_node <"$answer" && [ "$N_OFFSET" -ge "$H_OFFSET" ] || all=no
  done
  rm -f "$ANSWERS".h*
  [ "$all" = yes ]
}

# A Sentinel that knows this node as the primary and has a majority, as "host port".
find_able_sentinel() {
  asked=''
  for sentinel in $(words "${REDIS_SENTINELS:-}"); do
    split_address "$sentinel" 26379
    ask_sentinel "$HOST" "$PORT" >"$ANSWERS.q$HOST $PORT" <<EOF &
sentinel ckquorum $MASTER_NAME
sentinel master $MASTER_NAME
EOF
    asked="$asked $!"
  done
  # shellcheck disable=SC2086
  [ -n "$asked" ] && wait $asked
  LEADER=''
  for answer in "$ANSWERS".q*; do
    [ -e "$answer" ] || continue
    { read -r verdict && read_group; } <"$answer" || continue
    case $verdict in OK*) is_me "$G_HOST" "$G_PORT" && LEADER=${answer#"$ANSWERS".q} ;; esac
  done
  rm -f "$ANSWERS".q*
  [ -n "$LEADER" ]
}

# Writes stop and the offset stands still. The pause outlasts everything that is waited for, and ends by itself should
# this script be killed.
pause_and_catch_up() {
  look_at_myself <<EOF
client pause $(((HANDOVER + 3) * 1000)) write
info replication
EOF
  for _ in 1 2 3 4 5 6; do
    replicas_have_all && return 0
    short_sleep
  done
  return 1
}

# Waits until the Sentinel names another primary and that one says so itself. Leaves G_HOST and G_PORT.
await_successor() {
  until_time=$(($(now) + HANDOVER))
  while [ "$(now)" -lt "$until_time" ]; do
    # shellcheck disable=SC2086
    ask_sentinel $LEADER sentinel master "$MASTER_NAME" >"$ANSWERS.l"
    if read_group <"$ANSWERS.l" && ! is_me "$G_HOST" "$G_PORT"; then
      look_at_node "$G_HOST" "$G_PORT" && [ "$N_ROLE" = master ] && return 0
    fi
    sleep 0.05 2>/dev/null || sleep 1
  done
  return 1
}

hand_over() {
  look_at_myself info replication
  [ "$H_ROLE" = master ] || return 0
  if [ -z "$H_REPLICAS" ]; then
    say 'hands over to nobody: no replica is linked'
    return 0
  fi
  if ! find_able_sentinel; then
    say 'hands over to nobody: no Sentinel with a majority answers'
    return 0
  fi
  say "hands over through the Sentinel $LEADER: writes are paused"
  pause_and_catch_up || say 'WARNING: a replica did not receive everything in time; the Sentinel may choose it all the same'
  # shellcheck disable=SC2086
  answer=$(ask_sentinel $LEADER sentinel failover "$MASTER_NAME")
  if [ "$answer" = OK ] && await_successor; then
    # Paused clients get an honest READONLY instead of a closed connection, and ask for the new primary.
    ask_me >/dev/null <<EOF
replicaof $G_HOST $G_PORT
client unpause
EOF
    say "handed over to $G_HOST:$G_PORT"
    short_sleep
  else
    ask_me client unpause >/dev/null
    say "WARNING: did not hand over (the Sentinel said: ${answer:-nothing}); the Sentinels will notice that this node is gone"
  fi
}

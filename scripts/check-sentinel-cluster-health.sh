#!/usr/bin/env bash
# Says whether a Redis cluster with Sentinels is healthy, and how fast it is. See --help.
#
# How latency is measured: many commands are fed to ONE redis-cli, which sends each after the answer to the one before.
# Around each of them the server itself is asked for its TIME, so a sample is the difference of two of its clock readings,
# less what a TIME alone takes. No start of a process and no second clock is in it; the way there and back is.
# Lag is the time that WAIT takes on the primary until all replicas have acknowledged a fresh write.
set -u
export LC_ALL=C

usage() {
  cat <<'HELP'
usage: check-sentinel-cluster-health.sh [options]

  --sentinels h:p,h:p,h:p  the Sentinels              (else REDIS_SENTINELS, REDIS_SENTINEL_HOSTS)
  --master-name name       name of the group          (else REDIS_SENTINEL_MASTER_NAME, REDIS_MASTER_NAME, mymaster)
  --map announced=host:p   where an announced address is reached from here; may be repeated (else REDIS_NAT_MAP)
  --json                   one JSON document instead of lines
  --help                   this text

Each check is one line: "ok", "note", "WARN" or "FAIL", then what it was, the figure and (threshold). A note is nothing
wrong, and over within seconds; it does not count.

Exit code  0 healthy   1 degraded: works, but is not redundant or too slow   2 down   64 wrong use

Environment
  REDIS_USERNAME, REDIS_PASSWORD or REDIS_PASSWORD_FILE   of primary and replicas
  REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD(_FILE)  of the Sentinels
  REDIS_TLS=true, REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE; the same with REDIS_SENTINEL_TLS. As in the
  library, a file alone switches TLS on, and REDIS_TLS=false switches it off
  HEALTH_MAX_PING_MS=5  HEALTH_MAX_SET_MS=3  HEALTH_MAX_GET_MS=3  HEALTH_MAX_LAG_MS=100   medians
  HEALTH_SAMPLES=30     commands per median
  HEALTH_TIMEOUT_S=2    how long a node may take to answer

Needs bash, awk, redis-cli or valkey-cli, and timeout (or perl). Writes one key, __cluster_health_check:…, and deletes it.
HELP
}

wrong_use() {
  printf 'check-sentinel-cluster-health: %s (--help says more)\n' "$1" >&2
  exit 64
}

# ---- what is asked for ----------------------------------------------------------------------------------------------

SENTINELS=${REDIS_SENTINELS:-${REDIS_SENTINEL_HOSTS:-}}
MASTER_NAME=${REDIS_SENTINEL_MASTER_NAME:-${REDIS_MASTER_NAME:-mymaster}}
MAPS=${REDIS_NAT_MAP:-}
JSON=false
TIMEOUT_S=${HEALTH_TIMEOUT_S:-2}
SAMPLES=${HEALTH_SAMPLES:-30}
MAX_PING_MS=${HEALTH_MAX_PING_MS:-5}
MAX_SET_MS=${HEALTH_MAX_SET_MS:-3}
MAX_GET_MS=${HEALTH_MAX_GET_MS:-3}
MAX_LAG_MS=${HEALTH_MAX_LAG_MS:-100}

while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --help | -h) usage && exit 0 ;;
    --json) JSON=true && continue ;;
    --sentinels | --master-name | --map) ;;
    *) wrong_use "there is no option $option" ;;
  esac
  [ $# -gt 0 ] && [ -n "$1" ] || wrong_use "$option needs a value"
  case $option in
    --sentinels) SENTINELS=$1 ;;
    --master-name) MASTER_NAME=$1 ;;
    --map) MAPS=${MAPS:+$MAPS,}$1 ;;
  esac
  shift
done

words() { printf '%s' "$1" | tr ',' ' '; }

# host:port, [ipv6]:port or a bare host, into $HOST and $PORT.
split_address() {
  case $1 in
    \[*\]:*) HOST=${1#\[} PORT=${1##*\]:} && HOST=${HOST%%\]*} ;;
    \[*\]) HOST=${1#\[} PORT=$2 && HOST=${HOST%\]} ;;
    *:*:*) HOST=$1 PORT=$2 ;;
    *:*) HOST=${1%:*} PORT=${1##*:} ;;
    *) HOST=$1 PORT=$2 ;;
  esac
}

is_address() {
  split_address "$1" "$2"
  case $HOST in '' | *[!A-Za-z0-9._:-]* | -*) return 1 ;; esac
  case $PORT in '' | *[!0-9]* | ??????*) return 1 ;; esac
  [ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ]
}

join_address() {
  case $1 in *:*) printf '[%s]:%s' "$1" "$2" ;; *) printf '%s:%s' "$1" "$2" ;; esac
}

[ -n "$(words "$SENTINELS" | tr -d ' ')" ] ||
  wrong_use 'no Sentinels: give --sentinels host:port,host:port,host:port or set REDIS_SENTINELS'
for one in $(words "$SENTINELS"); do
  is_address "$one" 26379 || wrong_use "\"$one\" is not an address of a Sentinel; write host:port"
done
for one in $(words "$MAPS"); do
  case $one in *?=?*) ;; *) wrong_use "\"$one\" is not a mapping; write announced:port=reachable:port" ;; esac
  is_address "${one%%=*}" 6379 && is_address "${one#*=}" 6379 ||
    wrong_use "\"$one\" is not a mapping of one address to another"
done
for one in "HEALTH_MAX_PING_MS=$MAX_PING_MS" "HEALTH_MAX_SET_MS=$MAX_SET_MS" "HEALTH_MAX_GET_MS=$MAX_GET_MS" \
  "HEALTH_MAX_LAG_MS=$MAX_LAG_MS" "HEALTH_TIMEOUT_S=$TIMEOUT_S"; do
  printf '%s' "${one#*=}" | awk '/^[0-9]+(\.[0-9]+)?$/ && $0 > 0 { ok = 1 } END { exit !ok }' ||
    wrong_use "$one: a number above 0 is needed"
done
case $SAMPLES in '' | *[!0-9]* | ?????*) wrong_use "HEALTH_SAMPLES=$SAMPLES: a number from 1 to 9999 is needed" ;; esac
[ "$SAMPLES" -ge 1 ] || wrong_use "HEALTH_SAMPLES=$SAMPLES: a number from 1 to 9999 is needed"

CLI=$(command -v redis-cli || command -v valkey-cli) || wrong_use 'neither redis-cli nor valkey-cli is installed'
if TIMER=$(command -v timeout || command -v gtimeout); then
  bounded() { "$TIMER" -k 1 "$@"; }
elif command -v perl >/dev/null; then
  bounded() { perl -e 'alarm int(shift() + 0.999); exec @ARGV or exit 127' "$@"; }
else
  wrong_use 'neither timeout nor perl is installed, and without them a frozen node would hang this script'
fi

# ---- the report -----------------------------------------------------------------------------------------------------

WARNINGS=0
FAILURES=0
CHECKS=
PRIMARY=

json_text() { printf '%s' "$1" | tr '\000-\037' ' ' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# check level what figure [threshold]
check() {
  case $1 in WARN) WARNINGS=$((WARNINGS + 1)) ;; FAIL) FAILURES=$((FAILURES + 1)) ;; esac
  if [ "$JSON" = true ]; then
    CHECKS="${CHECKS:+$CHECKS,}{\"level\":\"$1\",\"what\":\"$(json_text "$2")\",\"figure\":\"$(json_text "$3")\""
    [ -z "${4:-}" ] || CHECKS="$CHECKS,\"threshold\":\"$(json_text "$4")\""
    CHECKS="$CHECKS}"
  else
    printf '%-4s %s: %s%s\n' "$1" "$2" "$3" "${4:+ ($4)}"
  fi
}

finish() {
  local code=0 verdict=healthy
  [ "$WARNINGS" -eq 0 ] || { code=1 verdict=degraded; }
  [ "$FAILURES" -eq 0 ] || { code=2 verdict=down; }
  if [ "$JSON" = true ]; then
    printf '{"verdict":"%s","exitCode":%s,"masterName":"%s","primary":%s,"checks":[%s]}\n' "$verdict" "$code" \
      "$(json_text "$MASTER_NAME")" "$([ -z "$PRIMARY" ] && printf null || printf '"%s"' "$PRIMARY")" "$CHECKS"
  else
    printf '%s: %s warnings, %s failures\n' "$verdict" "$WARNINGS" "$FAILURES"
  fi
  exit "$code"
}

# ---- asking a node --------------------------------------------------------------------------------------------------

NODE_FLAGS=()
SENTINEL_FLAGS=()
[ -z "${REDIS_USERNAME:-}" ] || NODE_FLAGS+=(--user "$REDIS_USERNAME")
[ -z "${REDIS_SENTINEL_USERNAME:-}" ] || SENTINEL_FLAGS+=(--user "$REDIS_SENTINEL_USERNAME")

# transport PREFIX: the words of redis-cli for REDIS_ or REDIS_SENTINEL_, into FLAGS. The same rules as in the library.
transport() {
  local on=${1}TLS ca=${1}TLS_CA_FILE cert=${1}TLS_CERT_FILE key=${1}TLS_KEY_FILE
  FLAGS=()
  case $(printf '%s' "${!on:-}" | tr '[:upper:]' '[:lower:]') in
    true | 1 | yes | on) ;;
    false | 0 | no | off) return ;;
    '') [ -n "${!ca:-}${!cert:-}" ] || return 0 ;;
    *) wrong_use "$on is \"${!on}\": it must be true or false" ;;
  esac
  FLAGS=(--tls)
  [ -z "${!ca:-}" ] || FLAGS+=(--cacert "${!ca}")
  [ -z "${!cert:-}" ] || FLAGS+=(--cert "${!cert}")
  [ -z "${!key:-}" ] || FLAGS+=(--key "${!key}")
}
transport REDIS_
NODE_FLAGS+=(${FLAGS[@]+"${FLAGS[@]}"})
transport REDIS_SENTINEL_
SENTINEL_FLAGS+=(${FLAGS[@]+"${FLAGS[@]}"})

# secret VARIABLE: its value, or the content of the file that its twin names.
secret() {
  local file=${1}_FILE
  [ -z "${!1:-}" ] || { printf '%s' "${!1}" && return; }
  [ -z "${!file:-}" ] || cat "${!file}" || wrong_use "$file: ${!file} cannot be read"
}
NODE_PASSWORD=$(secret REDIS_PASSWORD) || exit 64
SENTINEL_PASSWORD=$(secret REDIS_SENTINEL_PASSWORD) || exit 64

# cli seconds sentinel|node address [command]: without a command it takes many from standard input. The password goes
# through the environment: arguments can be seen by everybody with `ps`.
cli() (
  seconds=$1 kind=$2
  split_address "$3" 6379
  shift 3
  password=$NODE_PASSWORD
  [ "$kind" = node ] || password=$SENTINEL_PASSWORD
  unset REDISCLI_AUTH
  [ -z "$password" ] || export REDISCLI_AUTH="$password"
  if [ "$kind" = node ]; then
    set -- ${NODE_FLAGS[@]+"${NODE_FLAGS[@]}"} "$@"
  else
    set -- ${SENTINEL_FLAGS[@]+"${SENTINEL_FLAGS[@]}"} "$@"
  fi
  bounded "$seconds" "$CLI" -h "$HOST" -p "$PORT" --raw "$@" 2>&1
)

# understand kind code: the answer is in $ANSWER; fails with a reason in $REASON.
understand() {
  local variable=REDIS_PASSWORD
  [ "$1" = node ] || variable=REDIS_SENTINEL_PASSWORD
  # A password that nobody asked for is refused with a line of its own, and then everything works.
  ANSWER=$(printf '%s' "$ANSWER" | tr -d '\r' | awk '!/^AUTH failed: (ERR|WRONGPASS).*without any password/ && !/^Warning: /')
  REASON=
  case $2 in
    124 | 137 | 142) REASON="no answer within $TIMEOUT_S s (frozen, overloaded or cut off)" ;;
  esac
  case $ANSWER in
    *WRONGPASS* | *'invalid password'*) REASON="the password is refused: check $variable" ;;
    *NOAUTH*) REASON="a password is needed: set $variable" ;;
    *NOPERM*) REASON="a right is missing: $(printf '%s\n' "$ANSWER" | awk '/NOPERM/ { print; exit }')" ;;
    *'Could not connect'* | *'Connection refused'*) REASON='cannot be connected to' ;;
    *'Connection reset'* | *'Server closed'*) REASON='closes the connection' ;;
    LOADING\ * | MASTERDOWN\ * | BUSY\ * | MISCONF\ * | ERR\ * | *'SSL_connect'*) REASON=$(first_line) ;;
  esac
  [ -n "$REASON" ] || [ "$2" -eq 0 ] || REASON="$(first_line) (redis-cli ended with $2)"
  [ -z "$REASON" ]
}

first_line() { printf '%s\n' "$ANSWER" | awk 'NF { print; exit }'; }

ask() {
  local kind=$1 code=0
  ANSWER=$(cli "$TIMEOUT_S" "$@" </dev/null) || code=$?
  understand "$kind" "$code"
}

# The value after a name in a flat list (SENTINEL MASTER) and in name:value lines (INFO).
listed() { printf '%s\n' "$ANSWER" | awk -v name="$1" 'NR % 2 == 0 && last == name { print; exit } { last = $0 }'; }
info() { printf '%s\n' "$ANSWER" | awk -F: -v name="$1" '$1 == name { sub(/^[^:]*:/, ""); print; exit }'; }

reachable() {
  local pair
  for pair in $(words "$MAPS"); do
    [ "${pair%%=*}" = "$1" ] && { printf '%s' "${pair#*=}" && return; }
  done
  printf '%s' "$1"
}

# ---- the Sentinels --------------------------------------------------------------------------------------------------

ASKED=0
ANSWERING=0
LEADERS=
MAY_NOT_ASK=false
CONFIGURED=
IDS=
OTHERS=
VIEWS=
NEWEST=
EPOCH=-1
LOCAL_REFUSALS=0
UNSEEN=
LISTS=

# unseen sentinel held: a sentence for each node of $ANSWER that the Sentinel holds as `held` and has last seen in the other
# role, or not for 30 s, one a line. It looks at each node every 10 s. One that it calls down is left out, as in the library.
unseen() {
  printf '%s\n' "$ANSWER" | awk -v sentinel="$1" -v held="$2" '
    NR % 2 == 1 { if ($0 == "name") { tell(); flags = "" } name = $0; next }
    { field[name] = $0; if (name == "flags") flags = $0 }
    END { tell() }
    function tell() {
      ms = field["info-refresh"]
      if (flags == "" || flags ~ /[so]_down/ || (field["role-reported"] == held && ms <= 30000)) return
      if (field["role-reported"] !~ /^(master|slave)$/) return
      left = ms < 9000 ? 10000 - ms : 1000
      printf "%s has last seen %s as a %s, %d s ago, and %s\n", sentinel,
        (field["ip"] ~ /:/ ? "[" field["ip"] "]" : field["ip"]) ":" field["port"],
        (field["role-reported"] == "master" ? "primary" : "replica"), seconds(ms),
        (ms > 30000 ? "should look every 10 s" : "looks again within " seconds(left) " s")
    }
    function seconds(ms) { return int((ms + 999) / 1000) }'
}

# lists sentinel primary asked: what the Sentinel holds, one a line: itself, its primary, how long ago in ms it has asked
# that ("-" if it calls it down: then it waits for nothing), each replica of $ANSWER, whether it sees it linked, and
# whether it calls it down.
lists() {
  printf '%s\n' "$ANSWER" | awk -v sentinel="$1" -v primary="$2" -v asked="$3" '
    BEGIN { print sentinel, primary, asked, "-", "no", "no" }
    NR % 2 == 1 { if ($0 == "name") { tell(); flags = "" } name = $0; next }
    { field[name] = $0; if (name == "flags") flags = $0 }
    END { tell() }
    function tell() {
      if (flags == "") return
      print sentinel, primary, asked, (field["ip"] ~ /:/ ? "[" field["ip"] "]" : field["ip"]) ":" field["port"],
        (flags !~ /[so]_down|disconnected/ && field["role-reported"] == "slave" && field["master-link-status"] == "ok" ? "yes" : "no"),
        (flags ~ /[so]_down/ ? "yes" : "no")
    }'
}

# The addresses in $ANSWER, with the ids that Sentinels have, one a line.
addresses() {
  printf '%s\n' "$ANSWER" | awk '
    NR % 2 == 1 { if ($0 == "name") { tell(); ip = "" } name = $0; next }
    name == "ip" { ip = $0 } name == "port" { port = $0 } name == "runid" { id = $0 }
    END { tell() }
    function tell() { if (ip != "") print (ip ~ /:/ ? "[" ip "]" : ip) ":" port, id }'
}

# A sentence for each replica that one Sentinel sees linked and another of the same primary does not know, one a line.
# The primary tells of replicas when it is asked, so one Sentinel may know ten seconds before another, as in the library.
unknown() {
  printf '%s\n' "$LISTS" | awk '
    NF < 5 { next }
    !(($1) in asked) { order[++sentinels] = $1; primary[$1] = $2; asked[$1] = $3 }
    $4 != "-" { knows[$1, $4] = 1 }
    $5 == "yes" && !(($2, $4) in linked) { linked[$2, $4] = 1; nodes[++n] = $4; of[n] = $2 }
    END {
      for (s = 1; s <= sentinels; s++) for (i = 1; i <= n; i++) {
        one = order[s]
        if (asked[one] == "-" || primary[one] != of[i] || (one, nodes[i]) in knows) continue
        ms = asked[one]
        left = ms < 9000 ? 10000 - ms : 1000
        printf "%s does not know the replica %s yet, has asked the primary %d s ago, and %s\n", one, nodes[i], seconds(ms),
          (ms > 30000 ? "should look every 10 s" : "looks again within " seconds(left) " s")
      }
    }
    function seconds(ms) { return int((ms + 999) / 1000) }'
}

judge_roles() {
  local all
  UNSEEN="$UNSEEN
$(unknown)"
  all=$(printf '%s' "$UNSEEN" | awk 'NF { printf "%s%s", (n++ ? "; " : ""), $0 }')
  case $all in
    '') check ok roles "$ANSWERING of $ASKED Sentinels have seen who is the primary and who is not" ;;
    *'should look'*) check WARN roles "$all" 'every 10 s' ;;
    *) check note roles "$all; a planned failover waits for that" ;;
  esac
}

# ask_sentinel announced [why it is asked, where nobody has configured it]
ask_sentinel() {
  local announced=$1 named=${2:-} what="sentinel $1" at=$1 epoch quorum others view asked tilt=0 unlisted='' master
  ASKED=$((ASKED + 1))
  [ -z "$named" ] || at=$(reachable "$announced")
  if ! ask sentinel "$at" SENTINEL MASTER "$MASTER_NAME"; then
    case $REASON in
      *'No such master'*) REASON="it watches no group named $MASTER_NAME" ;;
      *password*) LOCAL_REFUSALS=$((LOCAL_REFUSALS + 1)) ;;
    esac
    check WARN "$what" "$REASON$named"
    return
  fi
  epoch=$(listed config-epoch) quorum=$(listed quorum) others=$(listed num-other-sentinels) asked=$(listed info-refresh)
  case $(listed flags) in *s_down* | *o_down*) asked=- ;; esac
  master=$ANSWER
  # During a failover this is the new one already.
  ask sentinel "$at" SENTINEL GET-MASTER-ADDR-BY-NAME "$MASTER_NAME" || { check WARN "$what" "$REASON" && return; }
  view=$(join_address "$(printf '%s\n' "$ANSWER" | sed -n 1p)" "$(printf '%s\n' "$ANSWER" | sed -n 2p)")
  ANSWERING=$((ANSWERING + 1))
  VIEWS="$VIEWS $view"
  ANSWER=$master
  UNSEEN="$UNSEEN
$(unseen "$announced" master)"
  [ "${epoch:-0}" -le "$EPOCH" ] || EPOCH=$epoch NEWEST=
  [ "${epoch:-0}" -lt "$EPOCH" ] || NEWEST="$NEWEST $view"
  if ask sentinel "$at" SENTINEL REPLICAS "$MASTER_NAME"; then
    UNSEEN="$UNSEEN
$(unseen "$announced" slave)"
    LISTS="$LISTS
$(lists "$announced" "$view" "${asked:--}")"
  else
    unlisted=$REASON
  fi
  ! ask sentinel "$at" SENTINEL SENTINELS "$MASTER_NAME" || OTHERS="$OTHERS
$(addresses)"
  ! ask sentinel "$at" SENTINEL MYID || IDS="$IDS $(first_line)"
  ! ask sentinel "$at" INFO sentinel || tilt=$(info sentinel_tilt)
  judge_quorum
  [ -z "$unlisted" ] || check WARN "replicas of $announced" "it does not list them: $unlisted"
}

# The last line of ask_sentinel, by its variables.
judge_quorum() {
  local figure="primary is $view, epoch $epoch; $((others + 1)) Sentinels known" problem may=true can=false
  if ask sentinel "$at" SENTINEL CKQUORUM "$MASTER_NAME"; then
    [ "${ANSWER#OK}" = "$ANSWER" ] || can=true
  else
    case $REASON in *NOPERM*) may=false && MAY_NOT_ASK=true ;; esac
  fi
  problem=${REASON:-$(first_line)}
  if [ "$tilt" = 1 ]; then
    check WARN "$what" 'in TILT: its clock jumped or it stood still, and it begins nothing for 30 s'
  elif [ "$may" = false ]; then
    check ok "$what" "$figure; this user may not ask whether they can fail over (+sentinel|ckquorum)"
  elif [ "$can" = true ]; then
    LEADERS="$LEADERS $announced"
    check ok "$what" "$figure; can fail over (quorum $quorum)"
  else
    check WARN "$what" "no quorum, so no automatic failover: ${problem#ERR }"
  fi
}

# holds list one: whether it is one of the words.
holds() { case " $1 " in *" $2 "*) ;; *) return 1 ;; esac; }

for one in $(words "$SENTINELS"); do
  split_address "$one" 26379
  one=$(join_address "$HOST" "$PORT")
  holds "$CONFIGURED" "$one" && continue
  CONFIGURED="$CONFIGURED $one"
  ask_sentinel "$one"
done
# Those that they name, and that nobody has configured, vote as well.
while read -r one id; do
  if [ -z "$one" ] || holds "$CONFIGURED" "$one" || holds "$IDS" "$id"; then continue; fi
  CONFIGURED="$CONFIGURED $one"
  ask_sentinel "$one" '; another Sentinel names it'
done <<<"$OTHERS"

if [ "$ANSWERING" -eq 0 ]; then
  if [ "$LOCAL_REFUSALS" -gt 0 ]; then
    check FAIL discovery 'no Sentinel lets us in: check REDIS_SENTINEL_PASSWORD'
  else
    check FAIL discovery 'no Sentinel tells who the primary is'
  fi
  finish
fi
# Among Sentinels of the newest epoch the majority is right: the one that led a failover is the last to say so.
PRIMARY=$(printf '%s\n' $NEWEST | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
if [ "$(printf '%s\n' $VIEWS | sort -u | wc -l)" -gt 1 ]; then
  check WARN discovery "the Sentinels disagree; the newest, epoch $EPOCH, says $PRIMARY" 'all the same'
else
  check ok discovery "$ANSWERING of $ASKED Sentinels name the primary $PRIMARY" 'all the same'
fi
judge_roles

# ---- the primary ----------------------------------------------------------------------------------------------------

AT=$(reachable "$PRIMARY")
KEY="__cluster_health_check:$$:${RANDOM}${RANDOM}"
WROTE=false
cleanup() {
  [ "$WROTE" = true ] || return 0
  WROTE=false
  cli "$TIMEOUT_S" node "$AT" DEL "$KEY" </dev/null >/dev/null
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# look_at node: what it says of itself, into variables. Fails with $REASON. A user may do ROLE that may not do INFO.
look_at() {
  ask node "$1" ROLE || return 1
  IS=$(first_line) SOURCE='' LINK=unknown OFFSET=0 CONNECTED=0 SINCE='' PRIORITY=''
  case $IS in
    master)
      OFFSET=$(printf '%s\n' "$ANSWER" | sed -n 2p)
      CONNECTED=$((($(printf '%s\n' "$ANSWER" | wc -l) - 2) / 3))
      ;;
    slave)
      SOURCE=$(join_address "$(printf '%s\n' "$ANSWER" | sed -n 2p)" "$(printf '%s\n' "$ANSWER" | sed -n 3p)")
      LINK=down OFFSET=$(printf '%s\n' "$ANSWER" | sed -n 5p)
      [ "$(printf '%s\n' "$ANSWER" | sed -n 4p)" != connected ] || LINK=up
      ;;
  esac
  if ! ask node "$1" INFO replication; then
    ! ask node "$1" CONFIG GET replica-priority || PRIORITY=$(listed replica-priority)
    return 0
  fi
  case $IS in
    master) OFFSET=$(info master_repl_offset) CONNECTED=$(info connected_slaves) ;;
    slave)
      LINK=$(info master_link_status) OFFSET=$(info slave_repl_offset) PRIORITY=$(info slave_priority)
      SINCE=$(info master_link_down_since_seconds)
      ;;
  esac
}

PRIMARY_WORKS=false
PRIMARY_OFFSET=0
if ! look_at "$AT"; then
  check FAIL "primary $PRIMARY" "$REASON"
elif [ "$IS" != master ]; then
  case $IS in slave) IS=replica ;; *) IS='something else' ;; esac
  check FAIL "primary $PRIMARY" "says it is a $IS; a failover is under way, or nobody is the primary" 'role master'
else
  PRIMARY_WORKS=true
  PRIMARY_OFFSET=$OFFSET
  level=ok
  [ "${CONNECTED:-0}" -gt 0 ] || level=WARN
  check "$level" "primary $PRIMARY" "role master, $CONNECTED replicas connected" 'at least 1'
fi

# ---- the replicas ---------------------------------------------------------------------------------------------------

GOOD_REPLICAS=
KNOWN_REPLICAS=0
SUCCESSORS=

judge_replica() {
  local announced=$1 what="replica $1" never='' behind=0
  KNOWN_REPLICAS=$((KNOWN_REPLICAS + 1))
  if ! look_at "$(reachable "$announced")"; then
    check WARN "$what" "$REASON"
  elif [ "$IS" != slave ]; then
    check FAIL "$what" 'says it is a primary as well: split brain, or it came back and Sentinel has not demoted it yet'
  elif [ "$SOURCE" != "$PRIMARY" ]; then
    check WARN "$what" "follows $SOURCE" "$PRIMARY"
  elif [ "$LINK" != up ]; then
    case $SINCE in '' | -*) SINCE='since its start: it gets its first copy, or cannot' ;; *) SINCE="for $SINCE s" ;; esac
    check WARN "$what" "its link to the primary is $LINK $SINCE" up
  else
    [ "$PRIMARY_WORKS" = true ] && behind=$((PRIMARY_OFFSET - OFFSET))
    [ "$behind" -ge 0 ] || behind=0
    case $PRIORITY in 0) never='; never promoted (priority 0)' ;; *) SUCCESSORS="$SUCCESSORS $announced" ;; esac
    check ok "$what" "link up, $behind bytes behind$never"
    GOOD_REPLICAS="$GOOD_REPLICAS $announced"
  fi
}

# Every node that a Sentinel names, but for the primary.
NODES=$(printf '%s\n' "$LISTS" | awk -v primary="$PRIMARY" '
  NF < 6 { next }
  function name(node) { if (node != "-" && node != primary && !(node in told)) { told[node] = 1; print node } }
  { name($2); name($4) }')
for one in $NODES; do judge_replica "$one"; done

# What each Sentinel calls down that works, as seen from here: it promotes nobody, and makes nobody follow, whom it does not
# reach. One line for each Sentinel that sees less.
sights() {
  printf '%s\n' "$LISTS" | awk -v primary="$PRIMARY" -v works="$PRIMARY_WORKS" -v good="$GOOD_REPLICAS" '
    NF < 6 { next }
    !($1 in seen) { seen[$1] = 1; order[++n] = $1; if ($3 == "-" && $2 == primary && works == "true") blind[$1] = 1 }
    $6 == "yes" { down[$1, $4] = 1 }
    END {
      count = split(good, nodes, " ")
      for (i = 1; i <= n; i++) {
        one = order[i]
        text = one in blind ? "it calls the primary " primary " down, which answers" : ""
        for (k = 1; k <= count; k++) if ((one, nodes[k]) in down)
          text = text (text == "" ? "" : "; ") "it calls the replica " nodes[k] " down, which is linked"
        if (text != "") print one, (one in blind ? "blind" : "sees"), text
      }
    }'
}

# Those of the words that a Sentinel lists and does not call down, or that none lists.
not_down_for_all() {
  printf '%s\n' "$LISTS" | awk -v words="$1" '
    NF < 6 { next }
    { listed[$4] = 1 } $6 == "no" { up[$4] = 1 }
    END { count = split(words, nodes, " "); for (k = 1; k <= count; k++) if (!(nodes[k] in listed) || nodes[k] in up) print nodes[k] }'
}

count() { printf '%s' "$*" | wc -w | tr -d ' '; }

while read -r one sees figure; do
  [ -n "$one" ] || continue
  check WARN "sight of $one" "$figure" 'as seen from here'
  [ "$sees" != blind ] || LEADERS=$(printf '%s\n' $LEADERS | grep -vxF "$one")
done <<<"$(sights)"

SUCCESSORS=$(count $(not_down_for_all "$SUCCESSORS"))
able="$(count $LEADERS) of $ASKED Sentinels can decide it"
[ "$MAY_NOT_ASK" = false ] || able='whether Sentinels can decide it this user may not ask'
level=ok
[ "$SUCCESSORS" -ge 1 ] || level=WARN
[ "$MAY_NOT_ASK" = true ] || [ "$(count $LEADERS)" -ge 1 ] || level=WARN
check "$level" redundancy "$SUCCESSORS of $KNOWN_REPLICAS replicas can take over, $able" 'at least 1 each'

[ "$PRIMARY_WORKS" = true ] || finish

# ---- how fast it is -------------------------------------------------------------------------------------------------

# feed count command: the command between two readings of the server's clock, and two readings without one.
feed() {
  local i
  for ((i = 0; i < $1; i++)); do printf 'TIME\nTIME\n%s\n' "$2"; done
  printf 'TIME\n'
}

# Prints the median in ms of what came between: the time with the command, less the time without it.
median_ms() {
  printf '%s\n' "$ANSWER" | awk '
    pending != "" { stamps[++n] = pending * 1000000 + $0; pending = ""; next }
    /^[0-9]+$/ && length($0) >= 10 { pending = $0 }
    END {
      for (i = 1; i + 1 <= n; i++) print (i % 2 == 1 ? "bare" : "full"), stamps[i + 1] - stamps[i]
    }' | sort -k1,1 -k2,2n | awk '
    { values[$1, ++count[$1]] = $2 }
    END {
      if (!count["full"] || !count["bare"]) exit 1
      ms = (middle("full") - middle("bare")) / 1000
      printf "%.3f", (ms > 0 ? ms : 0)
    }
    function middle(kind) { return values[kind, int((count[kind] + 1) / 2)] }'
}

within() { awk -v figure="$1" -v most="$2" 'BEGIN { exit !(figure < most) }'; }

# Who may not ask for TIME is answered all the same.
lacks_time_only() { [ "$(printf '%s\n' "$ANSWER" | awk '/NOPERM/ && !/.time. command/' | wc -l)" -eq 0 ] && holds "$REASON" NOPERM; }

# measure what address command answer maximum: judges the median, and that every answer was the right one.
measure() {
  local what=$1 code=0 right ms
  ANSWER=$(feed "$SAMPLES" "$3" | cli "$LONG_S" node "$2") || code=$?
  MEASURED=false
  right=$(printf '%s\n' "$ANSWER" | tr -d '\r' | awk -v answer="$4" '$0 == answer { n++ } END { print n + 0 }')
  understand node "$code" || holds "$REASON" NOPERM || { check FAIL "$what" "$REASON" && return; }
  if [ "$right" -lt "$SAMPLES" ]; then
    check FAIL "$what" "refused: $(printf '%s\n' "$ANSWER" | awk -v answer="$4" \
      '/^[0-9]*$/ || /.time. command/ || $0 == answer { next } { print; exit }')"
  elif ! ms=$(median_ms) || [ -z "$ms" ]; then
    MEASURED=true && check note "$what" 'answered; how fast, this user may not ask (+time)'
  elif within "$ms" "$5"; then
    MEASURED=true && check ok "$what" "$ms ms" "< $5 ms"
  else
    MEASURED=true && check WARN "$what" "$ms ms" "< $5 ms"
  fi
}

# Waits until `count` replicas have acknowledged a write that was made just before.
measure_lag() {
  local count=$1 code=0 acknowledged ms wait_ms
  wait_ms=$(awk -v most="$MAX_LAG_MS" 'BEGIN { print int(most * 3) + 1 }')
  ANSWER=$(
    for _ in 1 2 3 4 5; do
      printf 'SET %s health EX 60\nTIME\nTIME\nWAIT %s %s\nTIME\n' "$KEY" "$count" "$wait_ms"
    done | cli "$LONG_S" node "$AT"
  ) || code=$?
  understand node "$code" || lacks_time_only || { check WARN lag "$REASON" && return; }
  acknowledged=$(printf '%s\n' "$ANSWER" | awk '
    stamp { stamp = 0; next } /^[0-9]+$/ && length($0) >= 10 { stamp = 1; next }
    /^[0-9]+$/ { if (least == "" || $0 < least) least = $0 } END { print least + 0 }')
  # Three readings in a round; the median of the longer gaps is what counts.
  ms=$(printf '%s\n' "$ANSWER" | awk '
    pending != "" { now = pending * 1000000 + $0; pending = ""; k++
      if (k % 3 == 2) bare = now - last
      if (k % 3 == 0) print (now - last - bare > 0 ? now - last - bare : 0)
      last = now; next }
    /^[0-9]+$/ && length($0) >= 10 { pending = $0 }' | sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] / 1000 }')
  if [ "$acknowledged" -lt "$count" ]; then
    check WARN lag "$acknowledged of $count replicas had a write after $wait_ms ms" "< $MAX_LAG_MS ms"
  elif [ -n "$REASON" ]; then
    check note lag "$count of $count replicas have a write; how soon, this user may not ask (+time)"
  elif within "$ms" "$MAX_LAG_MS"; then
    check ok lag "$count of $count replicas have a write after $ms ms" "< $MAX_LAG_MS ms"
  else
    check WARN lag "$count of $count replicas have a write after $ms ms" "< $MAX_LAG_MS ms"
  fi
}

LONG_S=$(awk -v seconds="$TIMEOUT_S" 'BEGIN { print seconds * 5 }')
MEASURED=false
measure "PING $PRIMARY" "$AT" PING PONG "$MAX_PING_MS"
WROTE=true
measure "SET $PRIMARY" "$AT" "SET $KEY health EX 60" OK "$MAX_SET_MS"
if [ "$MEASURED" = true ]; then
  count=$(($(printf '%s' "$GOOD_REPLICAS" | wc -w)))
  [ "$count" -eq 0 ] || measure_lag "$count"
  for one in $GOOD_REPLICAS; do
    measure "GET $one" "$(reachable "$one")" "GET $KEY" health "$MAX_GET_MS"
  done
fi
cleanup
finish

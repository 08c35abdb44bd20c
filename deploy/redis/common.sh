# What the node scripts share. POSIX sh, busybox is enough. Everything comes from the environment:
#
#   REDIS_NODES                 all data nodes, "host:port,host:port"; the first is the primary of the very first start
#   REDIS_SENTINELS             all Sentinels, the same way; may be empty for data nodes
#   REDIS_ANNOUNCE_HOST         the address of this node, spelt as in the list above: an IP address or a name
#   LISTEN_PORT                 6379, or 26379 for a Sentinel
#   REDIS_SECRETS_DIR           a folder that make-secrets.sh has filled for this member: users.acl, with the users that
#                               this server knows, and one file for each password that this member itself logs in with
#   REDIS_SECRETS_ARCHIVE       the same folder as a .tar.gz in base64, for platforms that mount nothing: it is unpacked
#                               into DATA_DIR/secrets at every start. Without either there is one password for all, and
#                               everybody may do everything:
#   REDIS_PASSWORD              of the data nodes; or REDIS_PASSWORD_FILE
#   REDIS_SENTINEL_PASSWORD     of the Sentinels; or REDIS_SENTINEL_PASSWORD_FILE
#   REDIS_TLS                   true: everything speaks TLS and nothing listens without, with ca.crt, node.crt and node.key
#                               of make-certificates.sh in REDIS_TLS_DIR (REDIS_SECRETS_DIR)
#   REDIS_TLS_CLIENTS           required: whoever has no certificate of this authority gets no connection
#   REDIS_SENTINEL_MASTER_NAME  mymaster
#   DATA_DIR                    /data
#   STAY_ROOT                   yes: started as root, it does not become the user redis or valkey
#   CLI_FLAGS                   further words for redis-cli
#
# A script says before it reads this file which user it is: MEMBER=node or MEMBER=sentinel. Those that run a server also
# say IS_SERVER=yes.

MASTER_NAME=${REDIS_SENTINEL_MASTER_NAME:-mymaster}
DATA_DIR=${DATA_DIR:-/data}
ASK_TIMEOUT=${ASK_TIMEOUT:-1}

say() { printf '%s [%s] %s\n' "$(date -u '+%Y-%m-%dT%H:%M:%SZ')" "${REDIS_ANNOUNCE_HOST:-node}" "$*"; }

die() {
  say "STOPPED: $*"
  exit 1
}

now() { date +%s; }

RETURN=$(printf '\r')

# Milliseconds of a clock that nobody sets, into $NOW. Where the kernel tells the time since its start, in hundredths
# of a second, that takes no process; elsewhere it is good to a second.
look_at_clock() {
  if { read -r NOW _ </proc/uptime; } 2>/dev/null; then
    NOW=${NOW%.*}${NOW#*.}0
    NOW=${NOW#0}
  else
    NOW=$(now)000
  fi
}

# Wait a fraction of a second where sleep can, else a whole one.
short_sleep() { sleep 0.2 2>/dev/null || sleep 1; }
tiny_sleep() { sleep 0.03 2>/dev/null || sleep 1; }

# The first of these commands that exists: the image may be of Redis or of Valkey.
first_command() {
  for candidate in "$@"; do
    command -v "$candidate" 2>/dev/null && return 0
  done
  return 1
}

SERVER=$(first_command redis-server valkey-server) || die 'neither redis-server nor valkey-server is in this image'
CLI=$(first_command redis-cli valkey-cli) || die 'neither redis-cli nor valkey-cli is in this image'

# secret NAME: the value of $NAME, or the content of the file $NAME_FILE. The result is in $SECRET.
secret() {
  eval "SECRET=\${$1:-} secret_file=\${$1_FILE:-}"
  if [ -z "$SECRET" ] && [ -n "$secret_file" ]; then
    SECRET=$(cat "$secret_file") || die "cannot read the file of $1_FILE: $secret_file"
  fi
}

# Passwords change while a script runs: whoever asks much later reads them again.
read_secrets() {
  if [ -n "${REDIS_SECRETS_DIR:-}" ]; then
    unset REDIS_PASSWORD REDIS_SENTINEL_PASSWORD
    REDIS_PASSWORD_FILE=$REDIS_SECRETS_DIR/redis-password REDIS_SENTINEL_PASSWORD_FILE=$REDIS_SECRETS_DIR/sentinel-password
  fi
  secret REDIS_PASSWORD
  PASSWORD=$SECRET
  secret REDIS_SENTINEL_PASSWORD
  SENTINEL_PASSWORD=$SECRET
  unset SECRET
}

if [ -z "${REDIS_SECRETS_DIR:-}" ] && [ -n "${REDIS_SECRETS_ARCHIVE:-}" ]; then
  . "$here/archived-secrets.sh"
fi

# Leaves USERS (the file of users; empty: there are none) and USER_FLAGS, the words that tell redis-cli who asks.
USERS='' USER_FLAGS=''
if [ -n "${REDIS_SECRETS_DIR:-}" ]; then
  USERS=$REDIS_SECRETS_DIR/users.acl
  USER_FLAGS="--user $MEMBER"
  [ -r "$USERS" ] || die "there is no $USERS that user $(id -u) can read: run deploy/redis/make-secrets.sh, and mount the folder of this member there"
fi
read_secrets

# Leaves TLS (yes or no), and the words that have redis-cli speak it.
TLS=no
case ${REDIS_TLS:-false} in
  true | 1 | yes | on)
    TLS=yes
    TLS_DIR=${REDIS_TLS_DIR:-${REDIS_SECRETS_DIR:-}}
    for file in ca.crt node.crt node.key; do
      [ -r "$TLS_DIR/$file" ] || die "REDIS_TLS is $REDIS_TLS, and there is no $TLS_DIR/$file that user $(id -u) can read: run deploy/redis/make-certificates.sh"
    done
    CLI_FLAGS="--tls --cacert $TLS_DIR/ca.crt --cert $TLS_DIR/node.crt --key $TLS_DIR/node.key ${CLI_FLAGS:-}"
    ;;
  false | 0 | no | off) ;;
  *) die "REDIS_TLS is $REDIS_TLS: true and false are allowed" ;;
esac

# Lines of a configuration: where a data node or a Sentinel listens, and whom it lets in.
listening() {
  if [ "$TLS" = yes ]; then
    asks=no
    [ "${REDIS_TLS_CLIENTS:-}" = required ] && asks=yes
    printf 'port 0\ntls-port %s\ntls-replication yes\ntls-auth-clients %s\n' "$LISTEN_PORT" "$asks"
    printf 'tls-ca-cert-file %s\ntls-cert-file %s\ntls-key-file %s\n' "$TLS_DIR/ca.crt" "$TLS_DIR/node.crt" "$TLS_DIR/node.key"
  else
    printf 'port %s\n' "$LISTEN_PORT"
  fi
  # As long as there is no password, only this machine is let in.
  printf 'bind * -::*\nprotected-mode yes\n'
  if [ -n "$USERS" ]; then printf 'aclfile %s\n' "$USERS"; fi
}

# A value between double quotes for a configuration file. Goes through a pipe: arguments can be seen by `ps`.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/["\\]/\\&/g')"; }

# host:port, [ipv6]:port or a bare host, into $HOST and $PORT.
split_address() {
  case $1 in
    \[*)
      HOST=${1#\[}
      PORT=${HOST##*\]:}
      HOST=${HOST%%\]*}
      ;;
    *:*:*) HOST=$1 PORT= ;;
    *:*) HOST=${1%:*} PORT=${1##*:} ;;
    *) HOST=$1 PORT= ;;
  esac
  case $PORT in '' | *[!0-9]*) PORT=$2 ;; esac
}

# "a:1, b:2" as words.
words() { printf '%s' "${1:-}" | tr ',' ' '; }

count_words() { printf '%s' $#; }

# Names instead of IP addresses need Sentinel and Redis to be told so.
is_name() {
  case $1 in
    *:*) return 1 ;;
    *[!0-9.]*) return 0 ;;
  esac
  return 1
}

# Asked once: a name server that is silent would make every question wait.
OWN_ADDRESSES=$(timeout "$ASK_TIMEOUT" hostname -i 2>/dev/null)

is_me() {
  [ "$2" = "$LISTEN_PORT" ] || return 1
  [ "$1" = "$REDIS_ANNOUNCE_HOST" ] && return 0
  for own in $OWN_ADDRESSES; do
    [ "$1" = "$own" ] && return 0
  done
  return 1
}

# Where answers wait to be read: a folder of this process, which nobody else has made or can read.
make_room_for_answers() {
  room=$(mktemp -d "${TMPDIR:-/tmp}/redis-ha.XXXXXX") || die "cannot make a folder in ${TMPDIR:-/tmp}"
  ANSWERS=$room/answer
}

clear_answers() { [ -z "${room:-}" ] || rm -rf "$room"; }

# ask_into FILE PASSWORD HOST PORT [COMMAND...]: without a command they are read from the standard input, one on each
# line. The password travels in the environment of redis-cli, where `ps` does not show it. Answers go through files,
# never through a here-document: busybox's timeout leaves a process behind that would hold its pipe open for a second.
ask_into() {
  ask_file=$1 ask_password=$2 ask_host=$3 ask_port=$4
  shift 4
  if [ -n "$ask_password" ]; then
    # shellcheck disable=SC2086
    REDISCLI_AUTH=$ask_password timeout -s KILL "$ASK_TIMEOUT" "$CLI" $USER_FLAGS ${CLI_FLAGS:-} -h "$ask_host" -p "$ask_port" "$@" >"$ask_file" 2>/dev/null
  else
    # shellcheck disable=SC2086
    timeout -s KILL "$ASK_TIMEOUT" "$CLI" ${CLI_FLAGS:-} -h "$ask_host" -p "$ask_port" "$@" >"$ask_file" 2>/dev/null
  fi
}

# The same, and prints the answer.
ask() {
  shown=$ANSWERS.$2.$3
  ask_into "$shown" "$@"
  cat "$shown"
  rm -f "$shown"
}

ask_node() { ask "$PASSWORD" "$@"; }
ask_sentinel() { ask "$SENTINEL_PASSWORD" "$@"; }
ask_me() { ask_node "${LOCAL_HOST:-127.0.0.1}" "$LISTEN_PORT" "$@"; }

# One Sentinel's view of the group, from the answer of SENTINEL MASTER on the standard input.
read_group() {
  G_HOST='' G_PORT='' G_EPOCH=0 G_REPLICAS=0 G_OTHERS=0 G_FLAGS=''
  while read -r field && read -r value; do
    case $field in
      ip) G_HOST=$value ;;
      port) G_PORT=$value ;;
      flags) G_FLAGS=$value ;;
      config-epoch) G_EPOCH=$value ;;
      num-slaves) G_REPLICAS=$value ;;
      num-other-sentinels) G_OTHERS=$value ;;
    esac
  done
  [ -n "$G_HOST" ] && [ -n "$G_PORT" ]
}

# Asks all Sentinels at one time, since a silent one takes ASK_TIMEOUT, for the primary; of several answers the one of the highest epoch counts.
# Leaves S_ANSWERED, S_TOTAL, S_HOST, S_PORT, S_EPOCH.
look_at_sentinels() {
  S_ANSWERED=0 S_TOTAL=0 S_HOST='' S_PORT='' S_EPOCH=-1 asked=''
  for sentinel in $(words "${REDIS_SENTINELS:-}"); do
    S_TOTAL=$((S_TOTAL + 1))
    split_address "$sentinel" 26379
    [ "${SKIP_MYSELF:-}" = yes ] && is_me "$HOST" "$PORT" && continue
    ask_into "$ANSWERS.s$S_TOTAL" "$SENTINEL_PASSWORD" "$HOST" "$PORT" sentinel master "$MASTER_NAME" &
    asked="$asked $!"
  done
  # shellcheck disable=SC2086
  [ -n "$asked" ] && wait $asked
  for answer in "$ANSWERS".s*; do
    [ -e "$answer" ] && read_group <"$answer" || continue
    S_ANSWERED=$((S_ANSWERED + 1))
    if [ "$G_EPOCH" -gt "$S_EPOCH" ]; then
      S_HOST=$G_HOST S_PORT=$G_PORT S_EPOCH=$G_EPOCH
    fi
  done
  rm -f "$ANSWERS".s*
}

# question_for_node FILE HOST PORT
question_for_node() {
  ask_into "$1" "$PASSWORD" "$2" "$3" <<EOF
info replication
info keyspace
EOF
}

# A data node's answer. Leaves N_ROLE (empty: no answer), N_KEYS, N_REPLICAS, N_OFFSET, N_LINK, N_LINK_DOWN (seconds;
# -1: it never was linked since it started), N_PRIMARY_HOST, N_PRIMARY_PORT, N_ONLINE (replicas
# that have attached; N_REPLICAS has those that are about to as well).
read_node() {
  N_ROLE='' N_KEYS=0 N_REPLICAS=0 N_ONLINE=0 N_OFFSET=0 N_LINK='' N_LINK_DOWN=-1 N_PRIMARY_HOST='' N_PRIMARY_PORT=''
  while IFS= read -r line; do
    line=${line%"$RETURN"}
    case $line in
      role:*) N_ROLE=${line#*:} ;;
      connected_slaves:*) N_REPLICAS=${line#*:} ;;
      master_repl_offset:*) N_OFFSET=${line#*:} ;;
      master_host:*) N_PRIMARY_HOST=${line#*:} ;;
      master_port:*) N_PRIMARY_PORT=${line#*:} ;;
      master_link_status:*) N_LINK=${line#*:} ;;
      master_link_down_since_seconds:*) N_LINK_DOWN=${line#*:} ;;
      slave[0-9]*:ip=*,state=online,*) N_ONLINE=$((N_ONLINE + 1)) ;;
      db*:keys=*) N_KEYS=1 ;;
    esac
  done
  # Old versions say "since 1970" for never.
  [ "$N_LINK_DOWN" -gt 1000000000 ] && N_LINK_DOWN=-1
  [ -n "$N_ROLE" ]
}

look_at_node() {
  question_for_node "$ANSWERS.one" "$1" "$2"
  read_node <"$ANSWERS.one"
}

# Goes on as the user of the image when started as root, so that nothing runs with more rights than it needs.
drop_root() {
  [ "$(id -u)" = 0 ] && [ "${STAY_ROOT:-no}" != yes ] || return 0
  for user in redis valkey; do
    id "$user" >/dev/null 2>&1 || continue
    chown -R "$user" "$DATA_DIR" 2>/dev/null
    # That of busybox cannot.
    if setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- true 2>/dev/null; then
      exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- /bin/sh "$@"
    elif command -v su-exec >/dev/null 2>&1; then
      exec su-exec "$user" /bin/sh "$@"
    elif command -v gosu >/dev/null 2>&1; then
      exec gosu "$user" /bin/sh "$@"
    fi
  done
  say 'goes on as root: no way to another user in this image'
}

check_setup() {
  # Other characters would mean something in the patterns that look for it. Redis knows no others either.
  case $MASTER_NAME in
    *[!A-Za-z0-9._-]*) die "REDIS_SENTINEL_MASTER_NAME is $MASTER_NAME: letters, digits, \".\", \"-\" and \"_\" are allowed" ;;
  esac
  [ -n "${REDIS_ANNOUNCE_HOST:-}" ] || die 'REDIS_ANNOUNCE_HOST is not set: the address under which the others reach this node'
  [ -n "${REDIS_NODES:-}" ] || die 'REDIS_NODES is not set: all data nodes, "host:port,host:port", the first primary first'
  mkdir -p "$DATA_DIR" && [ -w "$DATA_DIR" ] || die "cannot write to $DATA_DIR as user $(id -u): see docs/operations/cluster-setup.md"
}

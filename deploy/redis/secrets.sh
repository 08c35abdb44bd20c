# What make-secrets.sh and rotate.sh share: who logs in where, and which file holds what. POSIX sh.
#
# REDIS_SECRETS (./redis-secrets) is a folder that nobody but its owner can enter. In it
#
#   users/<user>.redis       the passwords of a user of the data nodes, one on each line. The first is used; a second one is
#   users/<user>.sentinel    valid as well, while it is being rotated. The same for a user of the Sentinels. Nothing else
#                            holds a password that is not made from these, so nothing else needs to be kept.
#   <service>/               what is mounted into that service: its passwords, the users of its server, its certificate.
#                            A folder and not a file, because a mounted file does not change when it is replaced.
#
# Everybody can read what is in a folder of a service, since each container has another user. On this machine the folder
# above keeps them out.
SECRETS=${REDIS_SECRETS:-./redis-secrets}
NODES=${SECRET_NODES:-redis-master redis-replica-1 redis-replica-2}
SENTINELS=${SECRET_SENTINELS:-sentinel-1 sentinel-2 sentinel-3}
REDIS_USERS='app sentinel replica node exporter backup operator'
SENTINEL_USERS='app sentinel node exporter backup operator'

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Rights of the users of data nodes. What `app` may besides its own commands is what docs/connections.md lists, no less and
# no more: a test compares them. users/app.rules, which make-secrets.sh writes from REDIS_APP_RULES, adds to it.
further_rules() { [ ! -s "$SECRETS/users/app.rules" ] || printf ' %s' "$(cat "$SECRETS/users/app.rules")"; }

redis_rules() {
  case $1 in
    app) printf '%s' "~* &*~changed &__redis__:invalidate +@all -@admin -@dangerous +role +info +ping +time +client|id +client|unblock +select +publish +subscribe +client|tracking +client|setname +get +mget$(further_rules)" ;;
    sentinel) printf '%s' '&__sentinel__:hello +multi +exec +slaveof +ping +info +role +publish +subscribe +config|rewrite +client|setname +client|kill +script|kill' ;;
    replica) printf '%s' '+psync +replconf +ping' ;;
    # redis-node.sh: looks, hands over and, when no Sentinel does it, promotes; switchover.sh and drill.sh the same. It and
    # the operator alone may ask for settings: among them is the password of `replica`.
    node) printf '%s' '~redis-ha:drill +ping +info +role +replicaof +config|get +config|set +client|pause +client|unpause +incr +get +del' ;;
    exporter) printf '%s' '+ping +info +select +client|setname +slowlog|get +slowlog|len +latency|latest +latency|histogram' ;;
    # Copies, as a replica does: who has it has all data. It writes nothing, so restoring is for the operator.
    backup) printf '%s' '+psync +replconf +info +time +ping' ;;
    operator) printf '%s' '~* &* +@all' ;;
  esac
}

sentinel_rules() {
  case $1 in
    app) printf '%s' '&* +subscribe +ping +client|setname +sentinel|get-master-addr-by-name +sentinel|master +sentinel|replicas +sentinel|sentinels +sentinel|myid' ;;
    # The other Sentinels, and sentinel-node.sh. healthcheck.sh asks, where nodes have names, whether the others reach it.
    sentinel) printf '%s' '&__sentinel__:hello +publish +ping +info +client|setname +sentinel|is-master-down-by-addr +sentinel|master +sentinel|sentinels +sentinel|ckquorum' ;;
    node) printf '%s' '+ping +sentinel|master +sentinel|replicas +sentinel|get-master-addr-by-name +sentinel|ckquorum +sentinel|failover' ;;
    exporter) printf '%s' '+ping +info +client|setname +sentinel|masters +sentinel|master +sentinel|replicas +sentinel|slaves +sentinel|sentinels +sentinel|ckquorum' ;;
    backup) printf '%s' '+ping +sentinel|master +sentinel|replicas' ;;
    operator) printf '%s' '&* +@all' ;;
  esac
}

# setting NAME DEFAULT: from the environment, else from the file of variables, else the default.
ENV_FILE=${REDIS_ENV_FILE-redis-sentinel.env}
setting() {
  eval "value=\${$1:-}"
  if [ -z "$value" ] && [ -r "$ENV_FILE" ]; then
    value=$(sed -n "s/^[[:space:]]*$1=\([^#[:space:]]*\).*/\1/p" "$ENV_FILE" | tail -n 1)
    # One pair of quotes is no part of it.
    case $value in \"*\" | \'*\') value=${value#?} value=${value%?} ;; esac
  fi
  printf '%s' "${value:-$2}"
}

# sha256 of the standard input, in hexadecimal digits.
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum | cut -c 1-64; else openssl dgst -sha256 | sed 's/.*= *//'; fi
}

# put FILE: the standard input as its content, at one moment. Behind a pipe it can only end itself, hence `|| exit 1`.
put() {
  cat >"$1.new" && mv "$1.new" "$1" || die "cannot write $1"
}

# passwords USER SIDE: all that are valid. password USER SIDE: the one that is used.
passwords() { cat "$SECRETS/users/$1.$2"; }
password() { head -n 1 "$SECRETS/users/$1.$2"; }

# users SIDE: the file of users of a data node (redis) or a Sentinel (sentinel). Passwords stand in it as hashes.
users() {
  if [ "$1" = redis ]; then all=$REDIS_USERS; else all=$SENTINEL_USERS; fi
  # Who does not say who he is may do nothing but say it.
  say 'user default reset off'
  for user in $all; do
    hashes=''
    for one in $(passwords "$user" "$1"); do hashes="$hashes #$(printf '%s' "$one" | sha256)"; done
    say "user $user reset on$hashes $("${1}_rules" "$user")"
  done
}

# give SERVICE FILE USER SIDE: the password of a user, for a service that logs in as that user.
give() { password "$3" "$4" | put "$SECRETS/$1/$2" || exit 1; }

# exported SIDE PORT SERVICE...: passwords as redis_exporter wants them, by address. Newer releases look for one with the
# user in it, 1.45 for one without.
exported() {
  side=$1 port=$2
  shift 2
  {
    printf '{'
    comma=''
    for service in "$@"; do
      for before in redis://exporter@ redis:// rediss://exporter@ rediss://; do
        printf '%s"%s%s:%s":"%s"' "$comma" "$before" "$service" "$port" "$(password exporter "$side")"
        comma=','
      done
    done
    printf '}\n'
  } | put "$SECRETS/exporter/$side.json" || exit 1
}

# Every file of every service, from the passwords of the users. `users.acl` first: a server that starts meanwhile must
# know a password before somebody has it.
write_all() {
  for service in $NODES; do users redis | put "$SECRETS/$service/users.acl" || exit 1; done
  for service in $SENTINELS; do users sentinel | put "$SECRETS/$service/users.acl" || exit 1; done
  for service in $NODES; do
    give "$service" redis-password node redis
    give "$service" sentinel-password node sentinel
    give "$service" replica-password replica redis
  done
  for service in $SENTINELS; do
    give "$service" redis-password sentinel redis
    give "$service" sentinel-password sentinel sentinel
  done
  for side in redis sentinel; do
    for user in app backup operator; do give "$user" "$side-password" "$user" "$side"; done
  done
  # `localhost` for an exporter beside its server.
  # shellcheck disable=SC2086
  exported redis 6379 $NODES localhost
  # shellcheck disable=SC2086
  exported sentinel 26379 $SENTINELS localhost
  passwords backup key | put "$SECRETS/backup/backup-keys" || exit 1
  give app database-password database app
  give postgres database-password database app
  give grafana admin-password grafana app
}

#!/bin/sh
# Prints REDIS_NAT_MAP for an application on a host that cannot reach the containers' addresses (Docker Desktop on macOS
# or Windows). Takes the same variables as the compose file; pass your file of variables as the first argument:
#
#   sh deploy/redis/print-nat-map.sh redis-sentinel.env
set -u
REDIS_ENV_FILE=${1:-}
. "$(dirname "$0")/secrets.sh"
[ -z "$ENV_FILE" ] || [ -r "$ENV_FILE" ] || die "cannot read $ENV_FILE"
net=$(setting REDIS_NETWORK 172.29.77)
bind=$(setting REDIS_BIND 127.0.0.1)
[ "$bind" = 0.0.0.0 ] && bind=127.0.0.1
pair() { printf '%s.%s=%s:%s' "$net" "$1" "$bind" "$(setting "$2" "$3")"; }
printf 'REDIS_NAT_MAP=%s,%s,%s,%s,%s,%s\n' \
  "$(pair 11:6379 REDIS_MASTER_PORT 6379)" "$(pair 12:6379 REDIS_REPLICA_1_PORT 6380)" "$(pair 13:6379 REDIS_REPLICA_2_PORT 6381)" \
  "$(pair 21:26379 SENTINEL_1_PORT 26379)" "$(pair 22:26379 SENTINEL_2_PORT 26380)" "$(pair 23:26379 SENTINEL_3_PORT 26381)"

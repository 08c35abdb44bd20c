#!/bin/sh
# Makes all passwords of the cluster, and from them the files that its services mount: those of
# docker-compose.redis-sentinel.yml. deploy/kubernetes/access.sh and deploy/railway/access.sh run it for other places.
# Nothing is asked and nothing is printed that is secret. Run again it keeps the passwords that are there, and writes the
# files anew.
#
#   sh deploy/redis/make-secrets.sh
#
#   REDIS_SECRETS     ./redis-secrets   where they go: see secrets.sh
#   REDIS_ENV_FILE    redis-sentinel.env, made from its example if it is not there; empty: none
#   REDIS_APP_RULES   further rights of the user `app`, as in ACL SETUSER; kept until it is given again, be it empty
#   SECRET_NODES, SECRET_SENTINELS   names of the servers, with blanks between them, where they are not those of Compose
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/secrets.sh"
command -v openssl >/dev/null 2>&1 || die 'openssl is not here. Install it: the passwords come from it'
umask 022

# What Alertmanager needs is of others: you write it into its folder.
SERVICES="$NODES $SENTINELS alertmanager app backup exporter grafana operator postgres"

make_password() {
  [ -s "$SECRETS/users/$1.$2" ] || openssl rand -base64 32 | put "$SECRETS/users/$1.$2" || exit 1
}

mkdir -p "$SECRETS" && chmod 700 "$SECRETS" || die "cannot make the folder $SECRETS"
for folder in users $SERVICES; do mkdir -p "$SECRETS/$folder" || die "cannot make the folder $SECRETS/$folder"; done
for user in $REDIS_USERS; do make_password "$user" redis; done
for user in $SENTINEL_USERS; do make_password "$user" sentinel; done
[ -z "${REDIS_APP_RULES+given}" ] || printf '%s' "$REDIS_APP_RULES" | put "$SECRETS/users/app.rules" || exit 1
make_password database app
make_password grafana app
# Not a password: it seals backups. Of several the first seals, and each opens what it has sealed.
make_password backup key
write_all
say "$SECRETS: every password is there. Keep the folder secret, and a copy of $SECRETS/users in a safe place."

if [ -n "$ENV_FILE" ] && [ ! -e "$ENV_FILE" ]; then
  cp "$here/../../redis-sentinel.env.example" "$ENV_FILE" || die "cannot write $ENV_FILE"
  say "$ENV_FILE: made from its example, for what is no secret."
  say "Next: docker compose --env-file $ENV_FILE -f docker-compose.redis-sentinel.yml up -d --wait"
fi
if [ -n "$ENV_FILE" ] && ! grep -q '^REDIS_SECRETS=' "$ENV_FILE"; then
  say "WARNING: $ENV_FILE is older: add the line REDIS_SECRETS=$SECRETS, and take REDIS_PASSWORD and REDIS_SENTINEL_PASSWORD out of it."
fi

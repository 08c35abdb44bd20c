#!/bin/sh
# Does with PostgreSQL of a distribution what the official image does with its own, as far as the compose file needs it.
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec /usr/local/bin/setpriv --reuid=postgres --regid=postgres --clear-groups -- /bin/sh "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    exit 1
  fi
  umask 077
  printf '%s\n' "$POSTGRES_PASSWORD" >/var/run/postgresql/password
  initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile=/var/run/postgresql/password --auth=trust --locale=C --encoding=UTF8 --no-sync
  rm /var/run/postgresql/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses='' -p 5432" start
  psql -U "$POSTGRES_USER" -d postgres -v ON_ERROR_STOP=1 -c "CREATE DATABASE \"$POSTGRES_DB\""
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
unset POSTGRES_PASSWORD
exec "$@" -D "$PGDATA" -c "listen_addresses=*"

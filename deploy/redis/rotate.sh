#!/bin/sh
# Replaces a password or the certificates while everything runs. No call of an application fails.
#
#   sh deploy/redis/rotate.sh password app     one of: app sentinel replica node exporter backup operator; or all
#   sh deploy/redis/rotate.sh begin app        only the first half, and the second half later: for applications
#   sh deploy/redis/rotate.sh finish app       that get their password in another way than from redis-secrets/app
#   sh deploy/redis/rotate.sh certificates     new ones of the same authority
#   sh deploy/redis/rotate.sh authority        a new authority, and new certificates
#   sh deploy/redis/rotate.sh reload           only has the servers read the certificates that are in their folders
#
# A password: a new one is made valid on all servers beside the old one; then whoever logs in is given the new one; then
# the old one is made invalid on all servers. Each step is repeated when the command is run again after a failure.
# Connections that are open stay open: a password is looked at when somebody logs in.
#
# Certificates: the files are replaced, each data node reads them again, and the Sentinels, which read them at their start
# only, are restarted one after the other. An authority: the new one is trusted beside the old one, then certificates of
# the new one are used, then the old one is trusted no longer.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/secrets.sh"
. "$here/reach.sh"
command -v openssl >/dev/null 2>&1 || die 'openssl is not here. Install it: the passwords come from it'
umask 022
GROUP=$(setting REDIS_SENTINEL_MASTER_NAME mymaster)

servers() { if [ "$1" = redis ]; then printf '%s' "$NODES"; else printf '%s' "$SENTINELS"; fi; }

exists() { [ -e "$SECRETS/users/$1.$2" ]; }

# on_all COMMANDS USER...: what `COMMANDS USER SIDE` prints, to every server, in one connection to each.
on_all() {
  commands=$1
  shift
  for side in redis sentinel; do
    lines=$(for user in "$@"; do ! exists "$user" "$side" || "$commands" "$user" "$side"; done)
    [ -n "$lines" ] || continue
    for service in $(servers "$side"); do printf '%s\n' "$lines" | must "$service" || exit 1; done
  done
}

validate() {
  for one in $(passwords "$1" "$2"); do printf 'ACL SETUSER %s #%s\n' "$1" "$(printf '%s' "$one" | sha256)"; done
}
invalidate() {
  for one in $(passwords "$1" "$2" | sed 1d); do printf 'ACL SETUSER %s !%s\n' "$1" "$(printf '%s' "$one" | sha256)"; done
}

# for_files STEP USER...: `STEP FILE` for the passwords of these users; then all files of all services.
for_files() {
  step=$1
  shift
  for user in "$@"; do
    for side in redis sentinel; do ! exists "$user" "$side" || "$step" "$SECRETS/users/$user.$side"; done
  done
}

add_second() {
  [ "$(wc -l <"$1")" -ge 2 ] || { cat "$1" && openssl rand -base64 32; } | put "$1" || exit 1
}
# Once: the mark says that it was done, for a second run after a failure.
swap() {
  [ -e "$1.swapped" ] || [ "$(wc -l <"$1")" -lt 2 ] || { tail -n 1 "$1" && head -n 1 "$1"; } | put "$1" || exit 1
  : >"$1.swapped"
}
keep_first() {
  head -n 1 "$1" | put "$1" || exit 1
  rm -f "$1.swapped"
}

# Both are valid, on every server. The new one is the second line until it is used.
begin() {
  for_files add_second "$@"
  write_all
  deliver
  on_all validate "$@"
  say "$*: a second password is valid on all servers."
}

# The new one becomes the first line. What logs in as itself while it runs is told; everybody else reads a file.
use_new() {
  for_files swap "$@"
  write_all
  deliver
  for user in "$@"; do
    case $user in
      replica) for service in $NODES; do printf 'CONFIG SET masterauth %s\n' "$(password replica redis)" | must "$service" || exit 1; done ;;
      sentinel)
        for service in $SENTINELS; do
          printf 'SENTINEL SET %s auth-pass %s\nSENTINEL CONFIG SET sentinel-pass %s\n' "$GROUP" \
            "$(password sentinel redis)" "$(password sentinel sentinel)" | must "$service" || exit 1
        done
        ;;
      exporter) say 'exporter: restart redis-exporter and sentinel-exporter if they run: they read their file at their start only.' ;;
    esac
  done
  say "$*: the new password is used."
}

is_used() {
  [ "$(wc -l <"$1")" -lt 2 ] || [ -e "$1.swapped" ] || die "the new password of ${1##*/} is not used yet: run begin once more, to its end"
}

finish() {
  for_files is_used "$@"
  on_all invalidate "$@"
  for_files keep_first "$@"
  write_all
  deliver
  say "$*: the old password is valid no longer."
}

# The users that are meant: one, or all.
chosen() {
  if [ "${1:-}" = all ]; then printf '%s' "$REDIS_USERS"; return; fi
  for user in $REDIS_USERS; do [ "$user" != "${1:-}" ] || { printf '%s' "$user" && return; }; done
}

rotate() { # USER STEP...
  users=$(chosen "$1")
  [ -n "$users" ] || die "there is no user \"$1\": say one of $REDIS_USERS, or all"
  shift
  need_reach
  # shellcheck disable=SC2086
  for step in "$@"; do "$step" $users; done
}

await_sentinel() {
  tries=0
  until inside "$1" /bin/sh "$SCRIPTS/healthcheck.sh" sentinel </dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || die "$1 did not become healthy after its restart; the others still have the certificates of before"
    sleep 1
  done
}

# All servers use what is in their folders now.
reload() {
  for service in $NODES; do
    inside "$service" /bin/sh "$SCRIPTS/reload-certificates.sh" </dev/null || die "$service does not use its new certificate; the message stands above. The old one is used until it does"
  done
  for service in $SENTINELS; do
    restart "$service" || die "$service could not be restarted"
    await_sentinel "$service"
  done
}

certificates() { /bin/sh "$here/make-certificates.sh" "$@" || exit 1; }

[ -d "$SECRETS/users" ] || die "there is no $SECRETS/users that you can read: run make-secrets.sh, or set REDIS_SECRETS"
case ${1:-} in
  password) rotate "${2:-}" begin use_new finish ;;
  begin) rotate "${2:-}" begin use_new ;;
  finish) rotate "${2:-}" finish ;;
  certificates)
    need_reach
    certificates
    reload
    say 'certificates: new ones are used by all servers.'
    ;;
  reload)
    need_reach
    reload
    say 'certificates: those in the folders are used by all servers.'
    ;;
  authority)
    need_reach
    certificates --new-authority
    reload
    certificates
    reload
    certificates --only-authority
    reload
    say 'authority: all servers use and trust the new one only.'
    ;;
  *) die 'say what: password, begin, finish (with a user, or all), certificates, authority or reload' ;;
esac

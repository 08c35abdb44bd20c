#!/bin/sh
# Makes a certificate authority and a certificate for every service that speaks TLS, and puts them into the folders that
# make-secrets.sh has made. Run again it makes new certificates of the same authority; rotate.sh has them used.
#
#   sh deploy/redis/make-certificates.sh                   certificates, and the authority if there is none
#   sh deploy/redis/make-certificates.sh --new-authority   a new authority, which is trusted beside the old one; no
#                                                          certificate of it yet
#   sh deploy/redis/make-certificates.sh --only-authority  the old authority is trusted no longer
#
#   REDIS_SECRETS        ./redis-secrets
#   REDIS_NETWORK        172.29.77, or what REDIS_ENV_FILE (redis-sentinel.env) says: the addresses that Sentinel announces
#   TLS_NAMES            further names and addresses of all of them, "redis.example.org,10.0.0.5"
#   CERTIFICATE_DAYS     365      AUTHORITY_DAYS   3650
#
# A certificate holds the name of the service, its address, localhost, 127.0.0.1, ::1 and TLS_NAMES: Node compares it with
# what is dialled, which is what Sentinel announces. Servers are clients of each other, so theirs are good for both.
# The key of the authority is in authority/, which nothing mounts. Keep it elsewhere if you can.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/secrets.sh"
command -v openssl >/dev/null 2>&1 || die 'openssl is not here. Install it: the certificates come from it'
[ -d "$SECRETS/users" ] || die "there is no $SECRETS/users: run make-secrets.sh first"
umask 022
AUTHORITY=$SECRETS/authority
DAYS=${CERTIFICATE_DAYS:-365}
NETWORK=$(setting REDIS_NETWORK 172.29.77)

quiet() {
  said=$("$@" 2>&1) || die "$1 $2 failed: $said"
}

new_key() { quiet openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

make_authority() {
  mkdir -p "$AUTHORITY" && chmod 700 "$AUTHORITY" || die "cannot make the folder $AUTHORITY"
  new_key "$AUTHORITY/ca.key.new"
  chmod 600 "$AUTHORITY/ca.key.new"
  cat >"$AUTHORITY/ca.cnf" <<EOF
[req]
distinguished_name = name
x509_extensions = ca
prompt = no
[name]
CN = Redis cluster, $(date -u "+%Y-%m-%d %H:%M:%S")
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
EOF
  quiet openssl req -x509 -new -key "$AUTHORITY/ca.key.new" -sha256 -days "${AUTHORITY_DAYS:-3650}" -config "$AUTHORITY/ca.cnf" -out "$AUTHORITY/ca.crt.new"
  mv "$AUTHORITY/ca.key.new" "$AUTHORITY/ca.key"
  mv "$AUTHORITY/ca.crt.new" "$AUTHORITY/ca.crt"
  rm "$AUTHORITY/ca.cnf"
}

# names_of SERVICE ADDRESS: for the certificate.
names_of() {
  printf 'DNS:%s,IP:%s,DNS:localhost,IP:127.0.0.1,IP:::1' "$1" "$2"
  for name in $(printf '%s' "${TLS_NAMES:-}" | tr ',' ' '); do
    case $name in
      *[!0-9.]*)
        case $name in *:*) printf ',IP:%s' "$name" ;; *) printf ',DNS:%s' "$name" ;; esac
        ;;
      *) printf ',IP:%s' "$name" ;;
    esac
  done
}

# certificate SERVICE FILE USE [NAMES]: FILE.crt and FILE.key in the folder of the service.
certificate() {
  target=$SECRETS/$1/$2
  [ -d "$SECRETS/$1" ] || die "there is no $SECRETS/$1: run make-secrets.sh first"
  new_key "$target.key.new"
  # As many containers, so many users: see secrets.sh.
  chmod 644 "$target.key.new"
  {
    printf 'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' "$3"
    [ -z "${4:-}" ] || printf 'subjectAltName=%s\n' "$4"
  } >"$target.ext"
  quiet openssl req -new -key "$target.key.new" -subj "/CN=$1" -out "$target.csr"
  quiet openssl x509 -req -in "$target.csr" -sha256 -CA "$AUTHORITY/ca.crt" -CAkey "$AUTHORITY/ca.key" \
    -set_serial "0x$(openssl rand -hex 15)" -days "$DAYS" -extfile "$target.ext" -out "$target.crt.new"
  mv "$target.key.new" "$target.key"
  mv "$target.crt.new" "$target.crt"
  rm "$target.csr" "$target.ext"
}

make_certificates() {
  last=11
  for service in $NODES; do
    certificate "$service" node serverAuth,clientAuth "$(names_of "$service" "$NETWORK.$last")"
    last=$((last + 1))
  done
  last=21
  for service in $SENTINELS; do
    certificate "$service" node serverAuth,clientAuth "$(names_of "$service" "$NETWORK.$last")"
    last=$((last + 1))
  done
  for service in app backup exporter operator; do certificate "$service" client clientAuth; done
}

# Whom everybody trusts: the present authority, and the one before until it is dropped.
trust() {
  for service in $NODES $SENTINELS app backup exporter operator; do put "$SECRETS/$service/ca.crt" <"$AUTHORITY/trusted.crt"; done
}

case ${1:-} in
  '')
    if [ ! -s "$AUTHORITY/ca.key" ]; then
      make_authority
      put "$AUTHORITY/trusted.crt" <"$AUTHORITY/ca.crt"
    fi
    make_certificates
    trust
    say "$SECRETS: certificates until $(openssl x509 -in "$SECRETS/app/client.crt" -noout -enddate | cut -d = -f 2), and REDIS_TLS=true has them used."
    ;;
  --new-authority)
    [ -s "$AUTHORITY/ca.crt" ] || die 'there is no authority yet: run it without a word first'
    # It stays until the new authority is the only one: a second run after a failure goes on with the same two. A third
    # one would drop the one that all certificates are still of.
    if [ -e "$AUTHORITY/ca.crt.before" ] && ! cmp -s "$AUTHORITY/ca.crt.before" "$AUTHORITY/ca.crt"; then
      say 'goes on with the new authority of the last time'
    else
      cp "$AUTHORITY/ca.crt" "$AUTHORITY/ca.crt.before" || die "cannot write $AUTHORITY/ca.crt.before"
      make_authority
    fi
    cat "$AUTHORITY/ca.crt" "$AUTHORITY/ca.crt.before" | put "$AUTHORITY/trusted.crt"
    trust
    say "$SECRETS: a new authority, trusted beside the one before."
    ;;
  --only-authority)
    put "$AUTHORITY/trusted.crt" <"$AUTHORITY/ca.crt"
    rm -f "$AUTHORITY/ca.crt.before"
    trust
    say "$SECRETS: only the present authority is trusted."
    ;;
  *) die "there is no word $1: none, --new-authority or --only-authority" ;;
esac

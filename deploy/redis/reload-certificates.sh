#!/bin/sh
# In the container of a data node: has Redis read its certificate, its key and the authorities again. Connections stay; new
# ones get the new certificate. A Sentinel reads them at its start only.
set -u
here=$(cd "$(dirname "$0")" && pwd)
LISTEN_PORT=${LISTEN_PORT:-6379}
MEMBER=node
. "$here/common.sh"
[ "$TLS" = yes ] || die 'REDIS_TLS is not true: this server speaks no TLS. docs/operations/tls.md says how to begin'
make_room_for_answers
answer=$(ask_me config set tls-ca-cert-file "$TLS_DIR/ca.crt" tls-cert-file "$TLS_DIR/node.crt" tls-key-file "$TLS_DIR/node.key")
clear_answers
[ "$answer" = OK ] || die "the certificates in $TLS_DIR are not used: ${answer:-no answer}"
say 'uses the certificates of now'

# For platforms that mount nothing: the folder of a member comes in the variable REDIS_SECRETS_ARCHIVE. common.sh reads this.
REDIS_SECRETS_DIR=$DATA_DIR/secrets

# The archive on the standard input becomes REDIS_SECRETS_DIR, of whoever has that already.
unpack_secrets() {
  (
    umask 077
    rm -rf "$REDIS_SECRETS_DIR.new" && mkdir -p "$REDIS_SECRETS_DIR.new" || exit 1
    tr -d '\n' | base64 -d | gzip -d | tar -x -o -f - -C "$REDIS_SECRETS_DIR.new"
  ) 2>/dev/null && [ -s "$REDIS_SECRETS_DIR.new/users.acl" ] ||
    die 'REDIS_SECRETS_ARCHIVE is not the folder of a member as base64 of a .tar.gz: set it again, as docs/operations/railway.md says'
  if [ "$(id -u)" = 0 ] && [ -e "$REDIS_SECRETS_DIR" ]; then
    chown -R "$(stat -c %u "$REDIS_SECRETS_DIR")" "$REDIS_SECRETS_DIR.new"
  fi
  # A folder cannot be replaced in one step; its files can.
  mkdir -p "$REDIS_SECRETS_DIR" && chmod 700 "$REDIS_SECRETS_DIR"
  mv -f "$REDIS_SECRETS_DIR.new"/* "$REDIS_SECRETS_DIR/" || die "cannot write to $REDIS_SECRETS_DIR"
  rmdir "$REDIS_SECRETS_DIR.new"
}

# Once, at the start of a server; and nothing that it starts has them in its environment.
if [ "${IS_SERVER:-no}" = yes ]; then
  printf '%s' "$REDIS_SECRETS_ARCHIVE" | unpack_secrets || exit 1
  export REDIS_SECRETS_DIR
  unset REDIS_SECRETS_ARCHIVE
fi

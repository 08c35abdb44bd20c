/** What `--help` says. */
export const HELP = `Usage: backup <command> [options]

  take              take a backup of the replica that is nearest to the primary
  follow            write down what is ended, all the time, so that it stays ended after a restore
  list              what lies in the folder; needs no key
  check             whether there is a backup of late (exit code 1 if not)
  verify <file>     read a whole backup, or list of ends, without restoring it
  prune             remove what BACKUP_KEEP does not keep
  restore <file>    restore into the primary of a fresh cluster; "latest" is the latest backup

  --dir <folder>              instead of BACKUP_DIR
  --cluster <name>            instead of BACKUP_CLUSTER; the name of the Sentinel group where neither is given
  --from <host:port>          take, follow: this node, not the one that is nearest to the primary
  --allow-primary             take, follow: a primary will do
  --max-behind-bytes <n>      take, follow: a replica further behind is not in sync (1048576)
  --max-age-minutes <n>       check: how old the latest backup may be (120)
  --to <host:port>            restore: this primary, not the one that the Sentinels name
  --sessions known|drop|keep  restore: without those that were ended (known), without any, or as they were
  --values keep|drop          restore: cached values, which are as old as the backup
  --merge                     restore: into what is not empty; what is there and newer stays
  --foreign                   restore: a backup of another cluster
  --json                      for programs: one JSON object on each line

Redis is reached by the variables of the application (REDIS_SENTINELS, REDIS_PASSWORD, REDIS_TLS ...).
BACKUP_KEYS or BACKUP_KEYS_FILE hold the keys, the newest first; BACKUP_KEEP says what prune keeps:
hourly=24,daily=7,weekly=5,monthly=12. Exit codes: 0 done, 1 failed, 64 no such command.`;

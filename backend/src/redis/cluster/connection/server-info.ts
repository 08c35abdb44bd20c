/** What a server says about itself with `INFO`. */
export interface ServerInfo {
  /** New at each start of its process. */
  readonly runId: string | null;
  /** For example `redis 7.2.4` or `valkey 9.0.0`. */
  readonly version: string | null;
  /** The histories of data that its data belong to, newest first. */
  readonly replicationIds: readonly string[];
}

/** A server that may not be asked, or has not answered yet. */
export const UNKNOWN_SERVER: ServerInfo = { runId: null, version: null, replicationIds: [] };

const NO_HISTORY = /^0*$/;

/** Reads sections of the answer to `INFO`. What they do not contain stays as it was known before. */
export function parseServerInfo(info: string, known: ServerInfo): ServerInfo {
  const field = (name: string): string | null =>
    new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? null;
  const valkey = field('valkey_version');
  const redis = field('redis_version');
  const ids = [field('master_replid'), field('master_replid2')]
    .filter((id) => id !== null)
    .filter((id) => !NO_HISTORY.test(id));
  return {
    runId: field('run_id') ?? known.runId,
    version: versionOf(valkey, redis) ?? known.version,
    replicationIds: ids.length > 0 ? ids : known.replicationIds,
  };
}

function versionOf(valkey: string | null, redis: string | null): string | null {
  if (valkey !== null) return `valkey ${valkey}`;
  return redis === null ? null : `redis ${redis}`;
}

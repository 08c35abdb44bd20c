import { resolve } from 'node:path';
import { RedisHaError, safeMessage } from '../../redis/base/errors/index.js';
import { BackupError } from './backup-error.js';
import type { ListedFile } from './backup-folder.js';
import { EndsFollower, type FollowEvent } from './ends/follow-ends.js';
import { readEnds } from './ends/ends-log.js';
import type { BackupHeader } from './file/backup-header.js';
import { verifyBackup } from './file/read-backup.js';
import { readHeader } from './file/sealed-file.js';
import { openSource, primaryOf, type SourceOptions } from './link/find-source.js';
import { NodeLink } from './link/node-link.js';
import { restoreBackup, type RestoreReport } from './restore/restore-backup.js';
import { BackupSettings, type Environment, readTyped, type Typed } from './settings.js';
import { takeBackup, type TakenBackup } from './take-backup.js';
import { HELP } from './help-text.js';

/** Where a command writes, and how it is ended. */
export interface CommandIo {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** What a command tells: for people, and for programs. */
interface Told {
  readonly text: string;
  readonly data: object;
}

interface Run {
  readonly settings: BackupSettings;
  readonly typed: Typed;
  readonly io: CommandIo;
  readonly tell: (told: Told) => void;
}

const MAX_BEHIND_BYTES = 2 ** 20;
const MAX_AGE_MINUTES = 120;
const EVERY_MS = 1_000;
const LIST_MS = 3_600_000;
const EXIT = { done: 0, failed: 1, misused: 64 } as const;

const COMMANDS: Readonly<Record<string, (run: Run) => Promise<number>>> = {
  take,
  follow,
  list,
  check,
  verify,
  prune,
  restore,
};

/** Runs one command. Resolves with its exit code; it never rejects. */
export async function runCommand(
  args: readonly string[],
  env: Environment,
  io: CommandIo,
): Promise<number> {
  let isJson = args.includes('--json');
  try {
    const typed = readTyped(args);
    isJson = typed.values.json === true;
    const command = COMMANDS[typed.command];
    if (typed.values.help === true || command === undefined) {
      (typed.values.help === true ? io.out : io.error)(HELP);
      return typed.values.help === true ? EXIT.done : EXIT.misused;
    }
    const tell = ({ text, data }: Told): void => {
      io.out(isJson ? JSON.stringify(data) : text);
    };
    return await command({ settings: new BackupSettings(env, typed), typed, io, tell });
  } catch (error) {
    const { code, message, remedy } = explained(error);
    io.error(
      isJson
        ? JSON.stringify({ error: { code, message, remedy } })
        : `${code}: ${message}. ${remedy}.`,
    );
    return EXIT.failed;
  }
}

function explained(error: unknown): Pick<BackupError, 'code' | 'message' | 'remedy'> {
  if (error instanceof BackupError) return error;
  const message = safeMessage(error);
  // A setting of Redis, which says itself what to do; anything else is unexpected.
  if (RedisHaError.is(error))
    return { code: 'SETTINGS_INVALID', message, remedy: 'See docs/configuration.md' };
  return {
    code: 'LINK_BROKEN',
    message,
    remedy: 'See whether the node and the disk are there, and try again',
  };
}

function sourceOf(settings: BackupSettings): SourceOptions {
  return {
    from: settings.address('from'),
    mayBePrimary: settings.has('allow-primary'),
    maxBehindBytes: settings.number('max-behind-bytes', MAX_BEHIND_BYTES),
  };
}

async function take({ settings, tell }: Run): Promise<number> {
  const { ring, cluster, redis } = settings;
  const folder = await settings.folder.prepare();
  const source = await openSource(redis, sourceOf(settings));
  try {
    tell(toldOfTaken(await takeBackup(source, { folder, ring, cluster })));
    return EXIT.done;
  } finally {
    source.link.close();
  }
}

async function follow({ settings, io, tell }: Run): Promise<number> {
  const { ring, cluster, redis } = settings;
  const folder = await settings.folder.prepare();
  const follower = new EndsFollower(
    { folder, ring, cluster },
    {
      open: () => openSource(redis, sourceOf(settings)),
      report: (event) => {
        const told = toldOfFollowing(event);
        if (told !== null) tell(told);
      },
      signal: io.signal,
      everyMs: EVERY_MS,
      listMs: LIST_MS,
    },
  );
  await follower.run();
  return EXIT.done;
}

async function list({ settings, tell }: Run): Promise<number> {
  for (const file of await settings.folder.list()) tell(toldOfFile(file));
  return EXIT.done;
}

/** Whether there is a backup of late, and whether ends are heard. */
async function check({ settings, io, tell }: Run): Promise<number> {
  const { folder, cluster, ring } = settings;
  const maxMs = settings.number('max-age-minutes', MAX_AGE_MINUTES) * 60_000;
  const [latest] = await folder.filesOf(cluster, 'snapshot');
  const [ends] = await folder.filesOf(cluster, 'ends');
  const backupAgeMs = latest === undefined ? null : io.now() - latest.header.takenAt;
  const heardUntil = ends === undefined ? null : (await readEnds(ends.path, ring)).until.at;
  const isFresh = backupAgeMs !== null && backupAgeMs <= maxMs;
  const text =
    (latest === undefined
      ? `there is no backup of ${cluster}`
      : `the latest backup is ${minutes(backupAgeMs ?? 0)} old (${latest.path})`) +
    (heardUntil === null
      ? '; nobody writes down ends'
      : `; ends are known until ${dateOf(heardUntil)}`);
  tell({
    text: `${isFresh ? 'ok  ' : 'FAIL'} ${text}`,
    data: { isFresh, backupAgeMs, endsKnownUntil: heardUntil },
  });
  return isFresh ? EXIT.done : EXIT.failed;
}

async function verify({ settings, typed, tell }: Run): Promise<number> {
  const path = await fileOf(settings, typed);
  const isList = (await readHeader(path)).kind === 'ends';
  if (isList) {
    const { header, ends, until } = await readEnds(path, settings.ring);
    const text = `ok   ${path}: ${String(ends.length)} ends, known until ${dateOf(until.at)}`;
    tell({ text, data: { path, header, ends: ends.length, until } });
    return EXIT.done;
  }
  const header = await verifyBackup(path, settings.ring);
  tell({ text: `ok   ${path}: ${contentOf(header)}`, data: { path, header } });
  return EXIT.done;
}

async function prune({ settings, io, tell }: Run): Promise<number> {
  const { removed, kept } = await settings.folder.prune(settings.cluster, settings.keep, io.now());
  const text = [
    ...removed.map((path) => `removed ${path}`),
    `${String(kept.length)} backups kept, ${String(removed.length)} files removed`,
  ].join('\n');
  tell({ text, data: { removed, kept } });
  return EXIT.done;
}

async function restore({ settings, typed, tell }: Run): Promise<number> {
  const { ring, cluster, folder, redis } = settings;
  const address = settings.address('to') ?? (await primaryOf(redis));
  const link = await NodeLink.open(address, redis.node);
  try {
    const path = await fileOf(settings, typed, await link.histories());
    const report = await restoreBackup(link, {
      ...{ path, ring, cluster, folder, keyPrefix: redis.node.keyPrefix },
      sessions: settings.choice('sessions', ['known', 'drop', 'keep']),
      values: settings.choice('values', ['keep', 'drop']),
      merge: settings.has('merge'),
      foreign: settings.has('foreign'),
    });
    tell({ text: textOfRestore(report, path), data: { path, ...report } });
    return report.replicas === report.ofReplicas ? EXIT.done : EXIT.failed;
  } finally {
    link.close();
  }
}

/**
 * The file that was named; `latest` is the latest backup of the cluster. To restore a cluster that came back empty, those
 * that were taken since are passed over.
 */
async function fileOf(
  settings: BackupSettings,
  { files }: Typed,
  passedOver: readonly string[] = [],
): Promise<string> {
  const [file, ...others] = files;
  if (file === undefined || others.length > 0) {
    throw new BackupError('SETTINGS_INVALID', 'one file is needed', 'Name it, or write latest');
  }
  if (file !== 'latest') return resolve(file);
  const backups = await settings.folder.filesOf(settings.cluster, 'snapshot');
  const latest = backups.find(({ header }) => !passedOver.includes(header.history));
  if (latest !== undefined) return latest.path;
  const of = backups.length === 0 ? '' : ' but of what it holds now';
  throw new BackupError(
    'SETTINGS_INVALID',
    `there is no backup of ${settings.cluster} in ${settings.folder.path}${of}`,
    'Name a file, or set BACKUP_CLUSTER to the name that the backups have (see list)',
  );
}

function toldOfTaken({ path, header }: TakenBackup): Told {
  return { text: `took ${path}: ${contentOf(header)}`, data: { took: path, header } };
}

function toldOfFollowing(event: FollowEvent): Told | null {
  switch (event.kind) {
    case 'took':
      return toldOfTaken(event.backup);
    case 'follows':
      return { text: `follows ${event.node} from ${String(event.offset)}`, data: event };
    case 'lost': {
      const { code, message } = event.error;
      return { text: `lost: ${code}: ${message}`, data: { kind: 'lost', code, message } };
    }
    // Once a second, and nobody wants to read it.
    case 'wrote':
      return null;
  }
}

function toldOfFile({ path, bytes, header, fault }: ListedFile): Told {
  const data = { path, bytes, header, fault };
  if (header === null) return { text: `?        ${path}: ${String(fault)}`, data };
  const what = header.kind === 'ends' ? 'ends since' : `${contentOf(header)}, taken`;
  const text = `${header.kind.padEnd(8)} ${path}: ${header.cluster}, ${size(bytes)}, ${what} ${dateOf(header.takenAt)}`;
  return { text, data };
}

function contentOf({ counts, redisVersion, node, keyId }: BackupHeader): string {
  const { keys, sessions, ends, cached } = counts;
  return (
    `${String(keys)} keys (${String(sessions)} sessions, ${String(cached)} cached values, ` +
    `${String(ends)} ends) of ${node}, version ${redisVersion}, key ${keyId}`
  );
}

function textOfRestore(report: RestoreReport, path: string): string {
  const { restored, kept, ended, expired, left, ends, replicas, ofReplicas } = report;
  const { endsKnownUntil } = report;
  return [
    `restored ${String(restored)} keys of ${path}`,
    `  ${String(ended)} had been ended since, ${String(kept)} were there and newer, ${String(expired)} had expired, ${String(left)} were left out`,
    endsKnownUntil === null
      ? '  ends since were not looked for'
      : `  ${String(ends)} ends are known, until ${dateOf(endsKnownUntil)}: what was ended later may be back`,
    `  ${String(replicas)} of ${String(ofReplicas)} replicas have everything`,
  ].join('\n');
}

function dateOf(at: number): string {
  return new Date(at).toISOString();
}

function minutes(ms: number): string {
  return `${String(Math.round(ms / 60_000))} min`;
}

function size(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

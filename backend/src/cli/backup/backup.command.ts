import { onAbort, SystemClock } from '../../redis/base/timing/index.js';
import { CliError, type CommandIo, defineCommand, EXIT, type ExitCode } from '../frame/index.js';
import { EndsFollower } from './ends/follow-ends.js';
import { readEnds } from './ends/ends-log.js';
import { verifyBackup } from './file/read-backup.js';
import { readHeader } from './file/sealed-file.js';
import { openSource, type Source, type SourceOptions } from './source/find-source.js';
import { namedFile } from './named-file.js';
import { type ScheduleOptions, takeOnSchedule } from './scheduled-backups.js';
import { ABOUT_KEYS, BACKUP_OPTIONS, BackupSettings, readNode } from './settings.js';
import { type BackupHome, takeFrom } from './take-backup.js';
import {
  contentOf,
  dateOf,
  type Tell,
  teller,
  toldOfFile,
  toldOfFollowing,
  toldOfPruned,
  toldOfSchedule,
  toldOfTaken,
} from './told-backups.js';

const clock = new SystemClock();
const MAX_BEHIND_BYTES = 2 ** 20;
const MAX_AGE_MINUTES = 120;
const EVERY_MS = 1_000;
const LIST_MS = 3_600_000;
const OFTENEST_MS = 1_000;
const RAREST_MS = 31 * 86_400_000;
const MOST = 10 ** 12;
const PARTS = ['take', 'follow', 'list', 'check', 'verify', 'prune'] as const;

interface Run {
  readonly settings: BackupSettings;
  /** The file that was typed; for `verify` only. */
  readonly file: string | null;
  readonly source: SourceOptions;
  readonly maxAgeMinutes: number;
  /** How often one is taken while ends are written down; `null` for never. */
  readonly everyMs: number | null;
  readonly io: CommandIo;
  readonly tell: Tell;
}

const RUNS: Readonly<Record<(typeof PARTS)[number], (run: Run) => Promise<ExitCode>>> = {
  take,
  follow,
  list,
  check,
  verify,
  prune,
};

/** `backup take|follow|list|check|verify|prune` */
export const command = defineCommand({
  summary: 'Take sealed backups of a replica, write down what is ended, and look after the files',
  details: `take: one backup, of the replica that is nearest to the primary. follow: write down what is ended, all the time, so that it stays ended after a restore; with --every it takes backups, too, and removes what is not kept: that one process is all that is needed. list: what lies in the folder; needs no key. check: whether there is a backup of late. verify: read a whole file without restoring it. prune: remove what BACKUP_KEEP (hourly=24,daily=7,weekly=5,monthly=12) does not keep. ${ABOUT_KEYS}`,
  arguments: [
    { name: 'what', about: 'what is done', words: PARTS },
    { name: 'file', about: 'the file to verify; or latest', isOptional: true, isPath: true },
  ],
  options: {
    ...BACKUP_OPTIONS,
    from: {
      kind: 'text',
      value: 'host:port',
      about: 'take, follow: this node, not the one that is nearest to the primary',
    },
    'allow-primary': { kind: 'flag', about: 'take, follow: a primary will do' },
    'max-behind-bytes': {
      ...{ kind: 'number', value: 'n', min: 0, max: MOST },
      about: `take, follow: a replica further behind is not in sync (${String(MAX_BEHIND_BYTES)})`,
    },
    every: {
      ...{ kind: 'duration', minMs: OFTENEST_MS, maxMs: RAREST_MS },
      about: 'follow: also take a backup when the latest is so old, and prune',
    },
    'max-age-minutes': {
      ...{ kind: 'number', value: 'n', min: 0, max: MOST },
      about: `check: how old the latest backup may be (${String(MAX_AGE_MINUTES)})`,
    },
  },
  examples: [
    ['backup take', 'take one now'],
    ['backup follow --every 1h', 'as a service: until it is ended'],
    ['backup check --json', 'for a monitor'],
    ['backup verify latest', 'read the latest one, to its end'],
  ],
  exits: [
    [EXIT.done, 'done'],
    [EXIT.unwell, 'check: there is no backup of late'],
    [EXIT.failed, 'it could not be done; a code says why (docs/operations/backups.md)'],
    [EXIT.misused, 'what was typed, or a variable, is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ words, options }, io) => {
    const what = PARTS.find((part) => part === words[0]) ?? 'list';
    const file = fileFor(what, words[1]);
    return RUNS[what]({
      settings: new BackupSettings(io.env, options),
      file,
      source: {
        from: readNode('from', options.from),
        mayBePrimary: options['allow-primary'],
        maxBehindBytes: options['max-behind-bytes'] ?? MAX_BEHIND_BYTES,
      },
      maxAgeMinutes: options['max-age-minutes'] ?? MAX_AGE_MINUTES,
      everyMs: everyFor(what, options.every),
      io,
      tell: teller(io, options.json),
    });
  },
});

function fileFor(what: (typeof PARTS)[number], typed: string | undefined): string | null {
  if (what === 'verify' && typed === undefined) {
    throw CliError.misused('backup verify needs a file', 'Name it, or write latest');
  }
  if (what !== 'verify' && typed !== undefined) {
    throw CliError.misused(`backup ${what} takes no file`, 'Only verify does');
  }
  return typed ?? null;
}

function everyFor(what: (typeof PARTS)[number], everyMs: number | null): number | null {
  if (everyMs === null || what === 'follow') return everyMs;
  throw CliError.misused(`backup ${what} takes no --every`, 'Only follow does');
}

async function take({ settings, source, io, tell }: Run): Promise<ExitCode> {
  const { ring, cluster, redis } = settings;
  const home = { folder: await settings.folder.prepare(), ring, cluster };
  tell(toldOfTaken(await takeFrom(() => openSource(redis, source, io.signal), home)));
  return EXIT.done;
}

async function follow(run: Run): Promise<ExitCode> {
  const { settings, source, io, tell } = run;
  const { ring, cluster, redis, keep } = settings;
  const home = { folder: await settings.folder.prepare(), ring, cluster };
  const ending = new AbortController();
  const signal = AbortSignal.any([io.signal, ending.signal]);
  const open = (): Promise<Source> => openSource(redis, source, signal);
  const heard = withResolver(signal);
  const follower = new EndsFollower(home, {
    open,
    report: (event) => {
      const told = toldOfFollowing(event);
      if (told !== null) tell(told);
      if (event.kind === 'follows') heard.resolve();
    },
    ...{ signal, clock },
    everyMs: EVERY_MS,
    listMs: LIST_MS,
  });
  // Where there is nothing to go on from, following begins with a backup: the schedule waits for that.
  const scheduled = heard.promise.then(() => takeWhenDue(run, home, { open, keep, signal }));
  try {
    await Promise.all([follower.run(), scheduled]);
    return EXIT.done;
  } finally {
    ending.abort();
  }
}

async function takeWhenDue(
  { everyMs, io, tell }: Run,
  home: BackupHome,
  options: Pick<ScheduleOptions, 'open' | 'keep' | 'signal'>,
): Promise<void> {
  if (everyMs === null) return;
  await takeOnSchedule(home, {
    ...{ ...options, everyMs, clock, now: io.now },
    report: (event) => {
      tell(toldOfSchedule(event));
    },
  });
}

/** A promise that is resolved from outside, or when the signal fires. */
function withResolver(signal: AbortSignal): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  onAbort(signal, resolve);
  return { promise, resolve };
}

async function list({ settings, tell }: Run): Promise<ExitCode> {
  for (const file of await settings.folder.list()) tell(toldOfFile(file));
  return EXIT.done;
}

/** Whether there is a backup of late, and whether ends are heard. */
async function check({ settings, maxAgeMinutes, io, tell }: Run): Promise<ExitCode> {
  const { folder, cluster, ring } = settings;
  const [latest] = await folder.filesOf(cluster, 'snapshot');
  const [ends] = await folder.filesOf(cluster, 'ends');
  const backupAgeMs = latest === undefined ? null : io.now() - latest.header.takenAt;
  const heardUntil = ends === undefined ? null : (await readEnds(ends.path, ring)).until.at;
  const isFresh = backupAgeMs !== null && backupAgeMs <= maxAgeMinutes * 60_000;
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
  return isFresh ? EXIT.done : EXIT.unwell;
}

async function verify({ settings, file, tell }: Run): Promise<ExitCode> {
  const path = await namedFile(settings, file ?? 'latest');
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

async function prune({ settings, io, tell }: Run): Promise<ExitCode> {
  tell(toldOfPruned(await settings.folder.prune(settings.cluster, settings.keep, io.now())));
  return EXIT.done;
}

function minutes(ms: number): string {
  return `${String(Math.round(ms / 60_000))} min`;
}

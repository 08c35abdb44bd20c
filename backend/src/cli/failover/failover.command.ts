import { formatAddress } from '../../redis/base/address/index.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import type { SwitchoverReport } from '../../redis/cluster/switchover/index.js';
import { CliError, type CommandIo, confirm, defineCommand, EXIT } from '../frame/index.js';
import { withLink } from '../link/index.js';
import { CONNECTION_OPTIONS, connectionFrom, survey, type ReachOptions } from '../reach/index.js';
import { type Check, drawCheck, judgePlannedFailover } from '../verdict/index.js';
import { judgeOwnRights } from './own-rights.js';

const clock = new SystemClock();
const TIMEOUT_MS = 30_000;
const READY_WITHIN_MS = 8_000;

/** `failover` */
export const command = defineCommand({
  summary: 'Move the primary to another node on purpose, and lose nothing',
  details:
    'It looks first whether the cluster can bear it, and asks. Soon after another failover it waits, for up to twenty seconds, until every Sentinel has seen that one: else this one could be put back. Then writes of everybody wait for about a second, and the replica has all of them. What goes wrong before Sentinel has accepted is undone.',
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    to: {
      kind: 'text',
      value: 'host:port',
      about: 'the replica, as Sentinel calls it (else its choice, ten seconds sooner)',
    },
    timeout: {
      kind: 'duration',
      minMs: 3_000,
      maxMs: 600_000,
      about: 'when to give up, and undo what can be undone (30s)',
    },
    'dry-run': { kind: 'flag', about: 'only look whether it could be done' },
    yes: { kind: 'flag', short: 'y', about: 'do not ask' },
  },
  examples: [
    ['failover --dry-run', 'could it be done now?'],
    ['failover', 'asks, and moves the primary to whom Sentinel chooses'],
    ['failover --to 10.0.0.12:6379 --yes', 'moves it there, and does not ask'],
  ],
  exits: [
    [EXIT.done, 'it was moved, and the old primary is a replica; with --dry-run: it could be'],
    [
      EXIT.unwell,
      'the cluster is in no state for it, and nothing was touched; or it was moved, and the old primary is no replica yet',
    ],
    [EXIT.failed, 'it failed, and the message says what was undone'],
    [EXIT.unconfirmed, 'nobody confirmed it, and nothing was touched'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it; what could be was undone'],
  ],
  run: async ({ options }, io) => {
    const redis = connectionFrom(options, io);
    if (redis.mode !== 'sentinel') {
      throw CliError.misused('failover needs Sentinels', 'Give --sentinels h:p,h:p,h:p');
    }
    const report = await look(redis, options, io);
    const isReady = report.checks.every(({ level }) => level !== 'FAIL');
    if (report.isDryRun || !isReady) {
      const waits = report.checks.some(({ level }) => level === 'note');
      tell(report, [!isReady ? IN_NO_STATE : waits ? COULD_BE_SOON : COULD_BE], {
        isJson: options.json,
        io,
      });
      return isReady ? EXIT.done : EXIT.unwell;
    }
    await askWhether(redis.sentinel.masterName, { ...options, from: report.from }, io);
    const moved = movedReport(report, await move(redis, options, io));
    tell(moved, drawMoved(moved), { isJson: options.json, io });
    return moved.isOldPrimaryReplica === true ? EXIT.done : EXIT.unwell;
  },
});

const COULD_BE = 'It could be done now; nothing was touched';
const COULD_BE_SOON = 'It could be done, and would wait for what is noted; nothing was touched';
const IN_NO_STATE = 'Nothing was touched: the cluster is in no state for it';

/** Looks whether it can be done, and tells each check. */
async function look(
  redis: Extract<ReachOptions, { mode: 'sentinel' }>,
  options: { readonly to: string | null; readonly json: boolean; readonly 'dry-run': boolean },
  io: CommandIo,
): Promise<FailoverReport> {
  const seen = await survey(redis, io.now);
  const rights = await judgeOwnRights(redis, seen, options.to);
  const checks = [...judgePlannedFailover(seen, options.to), ...rights];
  const from = seen.primary === null ? null : formatAddress(seen.primary.announced);
  // With --json the document is all that stands on the output, and what is told goes elsewhere.
  const said = options.json ? io.told : io.out;
  for (const check of checks) said.line(drawCheck(check, said));
  return { ...UNTOUCHED, isDryRun: options['dry-run'], from, checks };
}

function tell(
  report: FailoverReport,
  lines: readonly string[],
  { isJson, io }: { readonly isJson: boolean; readonly io: CommandIo },
): void {
  if (isJson) io.out.line(JSON.stringify(report));
  else for (const line of lines) io.out.line(line);
}

interface Wanted {
  readonly to: string | null;
  readonly timeout: number | null;
}

async function askWhether(
  masterName: string,
  {
    to,
    from,
    yes,
  }: { readonly to: string | null; readonly from: string | null; readonly yes: boolean },
  io: CommandIo,
): Promise<void> {
  const where = to ?? 'the replica that Sentinel chooses';
  const question = {
    what: `The primary of ${masterName} moves from ${String(from)} to ${where}. Writes of everybody wait for about a second.`,
    ...{ word: masterName, option: 'yes', isGiven: yes },
  };
  await confirm(question, io);
}

function movedReport(report: FailoverReport, done: SwitchoverReport): FailoverReport {
  return {
    ...report,
    ...{ isDone: true, from: formatAddress(done.from), to: formatAddress(done.to) },
    writeGapMs: Math.round(done.writeGapMs),
    totalMs: Math.round(done.totalMs),
    isCoordinated: done.isCoordinated,
    isOldPrimaryReplica: done.isOldPrimaryReplica,
  };
}

/** What `failover --json` writes. */
interface FailoverReport {
  readonly isDone: boolean;
  readonly isDryRun: boolean;
  readonly checks: readonly Check[];
  readonly from: string | null;
  readonly to: string | null;
  readonly writeGapMs: number | null;
  readonly totalMs: number | null;
  readonly isCoordinated: boolean | null;
  readonly isOldPrimaryReplica: boolean | null;
}

const UNTOUCHED: Omit<FailoverReport, 'isDryRun' | 'checks' | 'from'> = {
  ...{ isDone: false, to: null, writeGapMs: null, totalMs: null },
  ...{ isCoordinated: null, isOldPrimaryReplica: null },
};

function move(
  redis: ReachOptions,
  { to, timeout }: Wanted,
  { signal }: CommandIo,
): Promise<SwitchoverReport> {
  const plan = { clock, readyWithinMs: READY_WITHIN_MS, endsWith: signal };
  return withLink(redis, plan, ({ engine }) =>
    engine.connected.switchover({
      timeoutMs: timeout ?? TIMEOUT_MS,
      ...(to === null ? {} : { to }),
    }),
  );
}

function drawMoved(report: FailoverReport): string[] {
  const from = String(report.from);
  return [
    `The primary moved from ${from} to ${String(report.to)}`,
    `Writes waited ${String(report.writeGapMs)} ms; it took ${String(report.totalMs)} ms`,
    report.isOldPrimaryReplica === true
      ? `${from} is a replica again`
      : `${from} is no replica yet: Sentinel makes it one when it is back`,
  ];
}

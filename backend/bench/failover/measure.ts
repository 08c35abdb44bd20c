import { countBy } from '../common/groups.js';
import { eachCall, OK, PENDING, type Call } from '../common/ledger.js';
import type { Stall } from '../../src/cli/measure/open-loop.js';
import { longestGap, percentile } from '../../src/cli/measure/statistics.js';
import type { ClientKind } from '../clients/bench-client.js';
import type { ClientAccount } from './client-process.js';
import type { Survivors } from './survivors.js';
import type { Times } from './stage.js';
import { WARM_UP_MS, WRONG_VALUE, type OperationKind } from './workload.js';

/** What one client went through in one run. Times in ms. */
export interface Measured {
  readonly client: ClientKind;
  /** First `+switch-master` after the fault; `null` without a switch. */
  readonly s: number | null;
  readonly writeGap: number;
  readonly readGap: number;
  /** When the two longest pauses began, after the fault. */
  readonly writeGapAt: number;
  readonly readGapAt: number;
  /** The longest pause in reads before the fault: what the machine does to anybody. */
  readonly calmReadGap: number;
  /** The longest time in which the client's process could not run its load; `at` counts from the fault. */
  readonly stall: Stall;
  /** First write answered after the switch (without one: after what was away came back). */
  readonly resume: number | null;
  /** Failed commands by code, `COMMAND_UNCERTAIN` of counters apart. */
  readonly errors: Readonly<Record<string, number>>;
  readonly readErrors: number;
  readonly writeErrors: number;
  readonly uncertain: number;
  readonly hung: number;
  readonly lost: number;
  /** Lost although it was answered after this client had reported the switch. */
  readonly lostAfterKnown: number;
  readonly countsLost: number;
  readonly duplicates: number;
  readonly p99: number;
  readonly calmP99: number;
  /** The longest time that a command took to fail. */
  readonly slowestFailure: number;
  /** The longest time that a command took, however it ended. */
  readonly longestWait: number;
  /** Reads and writes that did not succeed although they were issued a second or more after it was over. */
  readonly lateReadErrors: number;
  readonly lateWriteErrors: number;
  readonly wrongReads: number;
  /** Calls that wait for a node when the load ends. */
  readonly waiting: number;
  readonly acknowledgedWrites: number;
  readonly dead: string | null;
  readonly unhandled: readonly string[];
  readonly warnings: readonly string[];
  readonly connectionsLost: number;
  /** Connections that the servers had at the fault and not in the end; `null` where it was not looked. */
  readonly disconnects: number | null;
  readonly endedItself: boolean;
}

/** What else is known of the client. */
export interface Circumstances {
  readonly client: ClientKind;
  readonly account: ClientAccount;
  readonly survivors: Survivors;
  readonly times: Times;
  readonly switchedAt: number | null;
  readonly disconnects: number | null;
  readonly endedItself: boolean;
}

type Operation = Call<OperationKind>;

/** So long after it is over, everything works. */
export const RECOVERY_MS = 1000;
const UNCERTAIN = 'COMMAND_UNCERTAIN';

/** Turns the books of one client into its results. */
export function measure(given: Circumstances): Measured {
  const { account, survivors, times, switchedAt } = given;
  const { stoppedAt, notes } = account;
  const startedAt = account.startedAt + WARM_UP_MS;
  const operations = [...eachCall(account.calls)];
  const writes = operations.filter(({ kind }) => kind !== 'get');
  const reads = operations.filter(({ kind }) => kind === 'get');
  const answered = operations.filter(
    ({ outcome, issuedAt }) => outcome === OK && issuedAt >= startedAt,
  );
  const failed = operations.filter(({ outcome }) => outcome !== OK && outcome !== PENDING);
  const counts = writes.filter(({ kind }) => kind === 'incr');
  const countsAcknowledged = counts.filter(({ outcome }) => outcome === OK).length;
  const countsOpen = counts.length - countsAcknowledged;
  const isUncertain = ({ kind, outcome }: Operation): boolean =>
    kind === 'incr' && outcome === UNCERTAIN;
  const errors = failed.filter((operation) => !isUncertain(operation));
  const from = switchedAt ?? times.backAt;
  const resumedAt = from === null ? null : firstAfter(answeredAt(writes), from);
  const writeGap = longestGap(answeredAt(writes), startedAt, stoppedAt);
  const readGap = longestGap(answeredAt(reads), startedAt, stoppedAt);
  const knownAt = notes.switchedAt.find((at) => at >= times.faultAt) ?? Infinity;
  const lateErrors = (some: readonly Operation[]): number =>
    from === null ? 0 : some.filter((one) => failedSince(one, from + RECOVERY_MS)).length;
  const isCalm = ({ settledAt }: Operation): boolean => settledAt < times.faultAt;
  return {
    client: given.client,
    s: switchedAt === null ? null : switchedAt - times.faultAt,
    writeGap: writeGap.ms,
    readGap: readGap.ms,
    writeGapAt: writeGap.from - times.faultAt,
    readGapAt: readGap.from - times.faultAt,
    calmReadGap: longestGap(answeredAt(reads), startedAt, times.faultAt).ms,
    stall: { ...account.stall, at: account.stall.at - times.faultAt },
    resume: resumedAt === null || from === null ? null : resumedAt - from,
    errors: countBy(errors.map(({ outcome }) => outcome)),
    readErrors: errors.filter(({ kind }) => kind === 'get').length,
    writeErrors: errors.filter(({ kind }) => kind !== 'get').length,
    uncertain: failed.filter(isUncertain).length,
    hung: operations.filter(({ outcome }) => outcome === PENDING).length,
    lost: survivors.lost.length,
    lostAfterKnown: survivors.lost.filter((i) => (operations[i]?.settledAt ?? 0) > knownAt).length,
    countsLost: Math.max(0, countsAcknowledged - survivors.counter),
    duplicates: Math.max(0, survivors.counter - countsAcknowledged - countsOpen),
    p99: percentile(answered.map(latency), 0.99),
    calmP99: percentile(answered.filter(isCalm).map(latency), 0.99),
    slowestFailure: percentile(failed.map(latency), 1) || 0,
    longestWait: percentile(operations.filter(isSettled).map(latency), 1) || 0,
    lateReadErrors: lateErrors(reads),
    lateWriteErrors: lateErrors(writes),
    wrongReads: errors.filter(({ outcome }) => outcome === WRONG_VALUE).length,
    waiting: account.waiting,
    acknowledgedWrites: answeredAt(writes).length,
    dead: account.dead,
    unhandled: account.unhandled,
    warnings: account.warnings,
    connectionsLost: notes.connectionsLost,
    disconnects: given.disconnects,
    endedItself: given.endedItself,
  };
}

function isSettled({ outcome }: Operation): boolean {
  return outcome !== PENDING;
}

function failedSince({ outcome, issuedAt }: Operation, since: number): boolean {
  return outcome !== OK && issuedAt >= since;
}

function latency({ issuedAt, settledAt }: Operation): number {
  return settledAt - issuedAt;
}

function answeredAt(operations: readonly Operation[]): number[] {
  return operations.filter(({ outcome }) => outcome === OK).map(({ settledAt }) => settledAt);
}

function firstAfter(times: readonly number[], from: number): number | null {
  let first = Infinity;
  for (const at of times) if (at >= from && at < first) first = at;
  return first === Infinity ? null : first;
}

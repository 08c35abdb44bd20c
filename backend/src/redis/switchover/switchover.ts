import { formatAddress, sameAddress, type NodeAddress } from '../config/index.js';
import type { NodeConnection } from '../connection/index.js';
import { InvalidArgumentError, SwitchoverFailedError } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import type { Clock } from '../timing/index.js';
import type { TopologyTracker } from '../topology/index.js';
import { PriorityChange } from './priority-change.js';
import { Steps } from './steps.js';

/** What may be said about a planned switchover. */
export interface SwitchoverOptions {
  /** The replica that shall become the primary, as Sentinel announces it. @defaultValue Sentinel's choice */
  readonly to?: NodeAddress;
  /** When to give up and undo everything, in ms. @defaultValue 20000 */
  readonly timeoutMs?: number;
}

/** What a switchover did. */
export interface SwitchoverReport {
  readonly from: NodeAddress;
  readonly to: NodeAddress;
  /** How long this process held its writes back, in ms. */
  readonly writeGapMs: number;
  readonly totalMs: number;
  /** The server handed over by itself (Valkey 9). */
  readonly isCoordinated: boolean;
  /** Whether the old primary was seen as a linked replica before the time was over. */
  readonly isOldPrimaryReplica: boolean;
}

/** What a switchover works with. */
export interface SwitchoverTools {
  readonly tracker: TopologyTracker;
  readonly clock: Clock;
  readonly bus: EventBus;
  readonly masterName: string;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/**
 * Moves the primary on purpose without losing an acknowledged write: hold writes, see that the
 * replica has everything, let Sentinel promote it, follow, and turn the old primary into a replica.
 */
export async function switchover(
  tools: SwitchoverTools,
  options: SwitchoverOptions = {},
): Promise<SwitchoverReport> {
  const { tracker } = tools;
  const steps = new Steps(tools.clock, checkedTimeout(options.timeoutMs));
  const old = requirePrimary(tracker);
  if (options.to !== undefined) requireReplica(tracker, options.to);
  const priorities = new PriorityChange(tracker, steps);
  const undo: (() => Promise<unknown>)[] = [() => priorities.restore()];
  tracker.history.expectSwitchover(true);
  try {
    if (options.to !== undefined) await priorities.prefer(options.to);
    const isCoordinated = isValkey9(old.version) && (await tryCoordinated(tools));
    const pausedAt = tools.clock.now();
    if (!isCoordinated) await pauseAndCatchUp(tools, old, options.to ?? null, { steps, undo });
    const to = await handOver(tools, old.address, steps, isCoordinated);
    const writeGapMs = tools.clock.now() - pausedAt;
    const isOldPrimaryReplica = await demote(tracker, old.address, to, steps);
    return {
      from: old.address,
      to,
      writeGapMs,
      totalMs: steps.elapsedMs,
      isCoordinated,
      isOldPrimaryReplica,
    };
  } catch (error) {
    const undone = await undoAll(undo, tracker);
    throw failure(error, undone);
  } finally {
    tracker.history.expectSwitchover(false);
    await priorities.restore();
  }
}

async function pauseAndCatchUp(
  { tracker }: SwitchoverTools,
  old: NodeConnection,
  to: NodeAddress | null,
  { steps, undo }: { steps: Steps; undo: (() => Promise<unknown>)[] },
): Promise<void> {
  // Our own writes first: what stands paused in the server would be cut off with its connection.
  tracker.pauseWrites('switchover');
  await steps.until('writes in flight to be answered', () => old.inflight === 0);
  undo.push(() => old.call('client', 'unpause'));
  await old.call('client', 'pause', String(Math.ceil(steps.leftMs)), 'WRITE');
  await steps.until(
    'replicas to receive everything',
    () => hasCaughtUp(tracker, old, to),
    () => {
      for (const node of [old, ...tracker.replicas]) node.nudge();
    },
  );
}

// Offsets that were heard before the pause prove nothing, so both must be of the same state.
function hasCaughtUp(
  tracker: TopologyTracker,
  old: NodeConnection,
  to: NodeAddress | null,
): boolean {
  if (old.role?.kind !== 'primary') return false;
  const { offset } = old.role;
  const candidates = tracker.replicas.filter(
    (node) => node.role?.kind === 'replica' && (to === null || sameAddress(node.address, to)),
  );
  return (
    candidates.length > 0 &&
    candidates.every((node) => node.role?.kind === 'replica' && node.role.offset >= offset)
  );
}

async function handOver(
  { tracker, bus, masterName }: SwitchoverTools,
  old: NodeAddress,
  steps: Steps,
  isStarted: boolean,
): Promise<NodeAddress> {
  let abortedBy: string | null = null;
  const stopListening = bus.on('failover.observed', ({ step }) => {
    if (step.startsWith('-failover-abort')) abortedBy = step;
  });
  try {
    if (!isStarted) {
      const answer = tracker.source.askSentinel(() => true, 'sentinel', 'failover', masterName);
      if (answer === null) throw new SwitchoverFailedError('no Sentinel can be reached');
      await answer;
    }
    await steps.until('another primary to take writes', () => {
      if (abortedBy !== null) throw new SwitchoverFailedError(`Sentinel gave it up: ${abortedBy}`);
      const moved = tracker.primaryAddress !== null && !sameAddress(tracker.primaryAddress, old);
      return moved && tracker.isWritable;
    });
  } finally {
    stopListening();
  }
  const to = tracker.primaryAddress;
  if (to === null) throw new SwitchoverFailedError('the new primary is gone again');
  return to;
}

// Sentinel would do the same some ten seconds later, and until then the old primary would take
// writes of clients that do not know better.
async function demote(
  tracker: TopologyTracker,
  old: NodeAddress,
  to: NodeAddress,
  steps: Steps,
): Promise<boolean> {
  const node = (): NodeConnection | null => tracker.connectionTo(old);
  const isLinkedReplica = (): boolean => {
    const role = node()?.role;
    return role?.kind === 'replica' && role.isLinked;
  };
  try {
    await steps.until('the old primary to be reached', () => node()?.state.kind === 'ready');
    if (node()?.role?.kind === 'primary') {
      await node()?.call('replicaof', to.host, String(to.port));
      await node()?.call('client', 'unpause');
    }
    await steps.until('the old primary to follow', isLinkedReplica, () => node()?.nudge());
    return true;
  } catch {
    // Not a failure: the switch stands, and Sentinel reconfigures the old primary in its own time.
    return isLinkedReplica();
  }
}

async function tryCoordinated({ tracker, masterName }: SwitchoverTools): Promise<boolean> {
  try {
    const answer = tracker.source.askSentinel(
      () => true,
      'sentinel',
      'failover',
      masterName,
      'coordinated',
    );
    if (answer === null) return false;
    await answer;
    return true;
  } catch {
    // An older Sentinel, or one without the right: the way by pausing is always there.
    return false;
  }
}

function requirePrimary(tracker: TopologyTracker): NodeConnection {
  const { primary } = tracker;
  if (tracker.source.sentinels().length === 0) {
    throw new SwitchoverFailedError('There are no Sentinels in this mode; nothing was changed');
  }
  if (primary === null || !tracker.isWritable) {
    throw new SwitchoverFailedError('The primary does not take writes now; nothing was changed');
  }
  return primary;
}

function requireReplica(tracker: TopologyTracker, to: NodeAddress): void {
  const known = tracker.replicaAddresses;
  if (known.some((address) => sameAddress(address, to))) return;
  throw new InvalidArgumentError({
    field: 'to',
    value: formatAddress(to),
    message: 'it is not a replica of this group',
    remedy: `Choose one of ${known.map(formatAddress).join(', ') || '(none is known)'}`,
  });
}

function checkedTimeout(timeoutMs = DEFAULT_TIMEOUT_MS): number {
  if (Number.isFinite(timeoutMs) && timeoutMs >= 1000) return timeoutMs;
  throw new InvalidArgumentError({
    field: 'timeoutMs',
    value: timeoutMs,
    message: 'a switchover takes more than a second',
    remedy: 'Use 1000 or more; 20000 is the default',
  });
}

function isValkey9(version: string | null): boolean {
  const major = /^valkey (\d+)/.exec(version ?? '')?.[1];
  return major !== undefined && Number(major) >= 9;
}

async function undoAll(
  undo: (() => Promise<unknown>)[],
  tracker: TopologyTracker,
): Promise<boolean> {
  const results = await Promise.allSettled(undo.reverse().map((step) => step()));
  tracker.resumeWrites('switchover undone');
  return results.every(({ status }) => status === 'fulfilled');
}

function failure(error: unknown, isUndone: boolean): SwitchoverFailedError {
  const reason = error instanceof Error ? error.message : String(error);
  const aftermath = isUndone
    ? 'Writes were let through again.'
    : 'Undoing it did not fully succeed: a pause of writes ends by itself at the deadline.';
  return new SwitchoverFailedError(
    `The switchover failed: ${reason}. ${aftermath}`,
    { reason, isUndone },
    { cause: error },
  );
}

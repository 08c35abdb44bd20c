import { formatAddress, sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { RedisNode } from '../connection/index.js';
import {
  classifyFailure,
  safeMessage,
  SentinelsUnreachableError,
  SwitchoverFailedError,
} from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { SentinelDesk, SentinelView, TopologyTracker } from '../topology/index.js';
import { areInStep } from './catch-up.js';
import { wouldPromote } from './obstacle.js';
import type { Steps } from './steps.js';

/** The outcome of a switchover. */
export interface SwitchoverReport {
  readonly from: NodeAddress;
  readonly to: NodeAddress;
  /** How long this process held back its writes, in ms. */
  readonly writeGapMs: number;
  readonly totalMs: number;
  /** Whether the primary itself coordinated the switch (Valkey 9). */
  readonly isCoordinated: boolean;
  /** Whether the old primary was a linked replica before the deadline. */
  readonly isOldPrimaryReplica: boolean;
}

/** What a switchover needs. */
export interface SwitchoverTools {
  readonly tracker: TopologyTracker;
  readonly sentinels: SentinelDesk;
  readonly clock: Clock;
  readonly bus: EventBus;
  readonly masterName: string;
  /** Fires when the application shuts down: the switchover is then undone where it can be. */
  readonly closing: AbortSignal;
}

// The pause ends by itself. It lasts this much longer than the replicas may take to catch up: by then
// the failover that Sentinel has begun must be over.
const PAUSE_MARGIN_MS = 5000;
const MAX_CATCH_UP_MS = 1500;
// Sentinel promotes within two seconds. After this time it is left to the Sentinels whether they do.
const UNSURE_MS = 5000;

/** One switchover, from the pause until the old primary is a replica. */
export class Handover {
  readonly #tools: SwitchoverTools;
  readonly #old: RedisNode;
  readonly #to: NodeAddress | null;
  readonly #steps: Steps;
  // Decides what can be undone.
  #phase: 'untouched' | 'paused' | 'accepted' | 'aborted' = 'untouched';

  constructor(tools: SwitchoverTools, old: RedisNode, to: NodeAddress | null, steps: Steps) {
    this.#tools = tools;
    this.#old = old;
    this.#to = to;
    this.#steps = steps;
  }

  async run(): Promise<SwitchoverReport> {
    const { clock, tracker } = this.#tools;
    tracker.history.expectSwitchover(true);
    try {
      const isCoordinated = isValkey9(this.#old.version) && (await this.#tryCoordinated());
      const begunAt = clock.now();
      if (isCoordinated) this.#phase = 'accepted';
      else await this.#pauseAndCatchUp();
      const to = await this.#follow();
      const writeGapMs = clock.now() - begunAt;
      const isOldPrimaryReplica = await this.#demote(to);
      this.#requireWanted(to);
      const totalMs = this.#steps.elapsedMs;
      return {
        from: this.#old.address,
        to,
        writeGapMs,
        totalMs,
        isCoordinated,
        isOldPrimaryReplica,
      };
    } catch (error) {
      throw failure(error, await this.#undo());
    }
  }

  async #pauseAndCatchUp(): Promise<void> {
    const { tracker, clock } = this.#tools;
    const ask = (): void => {
      for (const node of [this.#old, ...tracker.replicas]) node.nudge();
    };
    // Our own writes first: a write that waits in the paused server would be lost with its connection.
    this.#phase = 'paused';
    tracker.pauseWrites({ by: 'switchover', step: 'switchover' });
    await this.#steps.until('writes in flight to be answered', () => this.#old.inflight === 0);
    const patienceMs = this.#catchUpPatienceMs();
    await this.#old.call('client', 'pause', String(patienceMs + PAUSE_MARGIN_MS), 'WRITE');
    const pausedAt = clock.now();
    await this.#steps.until(
      'replicas to receive everything',
      () => {
        if (clock.now() - pausedAt > patienceMs) {
          throw new SwitchoverFailedError('no replica received the last writes in time');
        }
        // The offset must have been received after the pause: only then does it not grow any more.
        return this.#old.roleAt > pausedAt && this.#haveEverything();
      },
      ask,
    );
  }

  // A Sentinel publishes its hello on the connection of its PINGs, and PUBLISH counts as a write: a long
  // pause would hold up both, and the Sentinels would take the primary for down.
  #catchUpPatienceMs(): number {
    const downAfter = this.#tools.sentinels.views().map(({ downAfterMs }) => downAfterMs);
    return Math.min(MAX_CATCH_UP_MS, Math.floor(Math.min(...downAfter, MAX_CATCH_UP_MS * 2) / 2));
  }

  #haveEverything(): boolean {
    const { tracker, sentinels } = this.#tools;
    const views = sentinels.views();
    return areInStep({ tracker, primary: this.#old, to: this.#to, views }, 0);
  }

  async #follow(): Promise<NodeAddress> {
    const { bus } = this.#tools;
    const stopListening = bus.on('failover.observed', ({ step }) => {
      if (step.startsWith('-failover-abort')) this.#phase = 'aborted';
    });
    try {
      let steps = this.#steps;
      if (this.#phase !== 'accepted') {
        const hasAnswered = await askToFailOver(this.#tools, this.#to);
        if (!hasAnswered) steps = steps.anew(Math.min(UNSURE_MS, steps.leftMs));
        this.#phase = 'accepted';
      }
      await steps.until('another primary to take writes', () => {
        if (this.#isAborted()) throw new SwitchoverFailedError('Sentinel aborted the failover');
        return this.#hasMoved();
      });
    } finally {
      stopListening();
    }
    return this.#tools.tracker.primaryAddress ?? this.#old.address;
  }

  // A method, because the compiler does not see that a listener changes the phase.
  #isAborted(): boolean {
    return this.#phase === 'aborted';
  }

  #hasMoved(): boolean {
    const { primaryAddress, isWritable } = this.#tools.tracker;
    if (primaryAddress === null || sameAddress(primaryAddress, this.#old.address)) return false;
    return isWritable;
  }

  // Sentinel would do the same about ten seconds later. Until then the old primary would take writes
  // of clients that have not noticed the switch. Their connections are closed, as Sentinel does it, so
  // that they look for the primary instead of staying with a node that refuses their writes.
  async #demote(to: NodeAddress): Promise<boolean> {
    const { tracker } = this.#tools;
    const node = (): RedisNode | null => tracker.connectionTo(this.#old.address);
    const isLinkedReplica = (): boolean => {
      const role = node()?.role;
      return role?.kind === 'replica' && role.isLinked;
    };
    // While the old one was away it may have become the primary again, or somebody else may.
    const isOver = (): boolean =>
      tracker.primaryAddress === null || !sameAddress(tracker.primaryAddress, to);
    try {
      await this.#steps.until(
        'the old primary to be reached',
        () => isOver() || node()?.state.kind === 'ready',
      );
      const old = node();
      if (old?.role?.kind === 'primary' && !isOver()) {
        await Promise.all([
          old.call('replicaof', to.host, String(to.port)),
          old.call('client', 'unpause'),
          old.call('client', 'kill', 'type', 'normal'),
          old.call('client', 'kill', 'type', 'pubsub'),
        ]);
      }
      await this.#steps.until(
        'the old primary to follow',
        () => isOver() || isLinkedReplica(),
        () => node()?.nudge(),
      );
    } catch {
      // Not a failure: the new primary is in place, and Sentinel reconfigures the old one later.
    }
    return isLinkedReplica();
  }

  #requireWanted(to: NodeAddress): void {
    if (this.#to === null || sameAddress(this.#to, to)) return;
    throw new SwitchoverFailedError(
      `Sentinel promoted ${formatAddress(to)} instead of ${formatAddress(this.#to)}`,
      { wanted: formatAddress(this.#to), promoted: formatAddress(to) },
    );
  }

  async #tryCoordinated(): Promise<boolean> {
    try {
      await askToFailOver(this.#tools, this.#to, 'coordinated');
      return true;
    } catch {
      // An older Sentinel, or one that does not permit it: then writes are paused instead.
      return false;
    }
  }

  /** Undoes what can be undone. Returns a sentence that says what the state is now. */
  async #undo(): Promise<string> {
    const { tracker } = this.#tools;
    if (this.#hasMoved()) return 'The new primary takes writes.';
    if (this.#phase === 'untouched') {
      tracker.history.expectSwitchover(false);
      return 'Nothing was changed.';
    }
    if (this.#phase === 'accepted') {
      // A failover that Sentinel has accepted cannot be cancelled. A write that the old primary
      // acknowledged now would be lost, so the fence stays until the switch or the abort, or until no
      // Sentinel reports a failover in progress.
      tracker.leaveToSentinels();
      return 'Sentinel had accepted it and may still complete it: writes wait until that is decided.';
    }
    const isUnpaused = await this.#old.call('client', 'unpause').then(
      () => true,
      () => false,
    );
    tracker.history.expectSwitchover(false);
    tracker.resumeWrites('switchover undone');
    return isUnpaused
      ? 'Writes were let through again.'
      : 'Writes were let through again here; in the server the pause ends by itself.';
  }
}

// One that lists nothing to promote would refuse. Returns false when the answer was lost: it may have accepted, and a
// write that the old primary acknowledged then would be lost.
async function askToFailOver(
  { sentinels, masterName }: SwitchoverTools,
  to: NodeAddress | null,
  ...how: string[]
): Promise<boolean> {
  const choose = (view: SentinelView): boolean => wouldPromote(view, to);
  const answer = sentinels.ask(choose, 'failover', masterName, ...how);
  if (answer === null) throw new SentinelsUnreachableError('No Sentinel can be reached');
  try {
    await answer;
    return true;
  } catch (error) {
    if (classifyFailure(error) === 'unknown') return false;
    throw error;
  }
}

function isValkey9(version: string | null): boolean {
  const major = /^valkey (\d+)/.exec(version ?? '')?.[1];
  return major !== undefined && Number(major) >= 9;
}

/** Makes one error of what failed and of what has become of it. */
export function failure(error: unknown, aftermath: string): SwitchoverFailedError {
  const reason = safeMessage(error);
  const details = error instanceof SwitchoverFailedError ? error.details : {};
  return new SwitchoverFailedError(
    `The switchover failed: ${reason}. ${aftermath}`,
    { ...details, reason, aftermath },
    { cause: error },
  );
}

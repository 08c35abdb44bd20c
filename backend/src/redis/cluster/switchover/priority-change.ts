import { formatAddress, sameAddress, type NodeAddress } from '../../base/address/index.js';
import { classifyFailure, SwitchoverFailedError } from '../../base/errors/index.js';
import type { SentinelDesk, TopologyTracker } from '../topology/index.js';
import type { Steps } from './steps.js';

const PREFERRED = '1';
const RESTORE_TIMEOUT_MS = 3000;

/** What changing priorities needs. */
interface PriorityTools {
  readonly tracker: TopologyTracker;
  readonly sentinels: SentinelDesk;
}

/** Changes priorities so that Sentinel chooses a certain replica, and restores them afterwards. */
export class PriorityChange {
  readonly #tracker: TopologyTracker;
  readonly #sentinels: SentinelDesk;
  readonly #steps: Steps;
  #changed: { readonly node: NodeAddress; readonly was: string }[] = [];

  constructor({ tracker, sentinels }: PriorityTools, steps: Steps) {
    this.#tracker = tracker;
    this.#sentinels = sentinels;
    this.#steps = steps;
  }

  /**
   * Gives the replica the best priority. A Sentinel sees it within ten seconds, the time between two `INFO`.
   */
  async prefer(to: NodeAddress): Promise<void> {
    // Sentinel does not promote a replica that cannot be reached, so the priority of another one may stay.
    const nodes = this.#tracker.replicas.filter(
      ({ address, state }) => state.kind === 'ready' || sameAddress(address, to),
    );
    for (const { address } of nodes) {
      const was = toPriority(await this.#config(address, ['get', 'replica-priority']));
      const isChosen = sameAddress(address, to);
      if (isChosen && was === '0') throw neverPromoted();
      const wanted = isChosen ? PREFERRED : was === '0' ? '0' : '100';
      if (was === wanted) continue;
      // Noted first: the answer may be lost.
      this.#changed.push({ node: address, was });
      await this.#config(address, ['set', 'replica-priority', wanted]);
    }
  }

  /** Restores every changed priority, as far as the nodes can be reached. Never rejects. */
  async restore(): Promise<void> {
    const changed = this.#changed;
    this.#changed = [];
    await Promise.allSettled(changed.map((change) => this.#restoreOne(change)));
  }

  async #restoreOne({ node, was }: { node: NodeAddress; was: string }): Promise<void> {
    if (this.#tracker.connectionTo(node) === null) return;
    const grace = this.#steps.anew(RESTORE_TIMEOUT_MS);
    await this.#config(node, ['set', 'replica-priority', was], grace);
  }

  // A node that has just changed its role has all connections cut, by this process and by Sentinel, and is
  // back in a moment. Both questions may be repeated.
  async #config(
    address: NodeAddress,
    args: readonly string[],
    steps = this.#steps,
  ): Promise<unknown> {
    const what = `${formatAddress(address)} to be reached`;
    for (;;) {
      const isReached = (): boolean => this.#tracker.connectionTo(address)?.state.kind === 'ready';
      await steps.until(what, isReached);
      try {
        return await this.#tracker.connectionTo(address)?.call('config', ...args);
      } catch (error) {
        if (!isLost(error)) throw error;
        await steps.pause(what);
      }
    }
  }

  /** Returns whether every answering Sentinel has seen that the replica has the best priority. */
  isSeen(to: NodeAddress): boolean {
    const views = this.#sentinels.views();
    return (
      views.length > 0 &&
      views.every((view) =>
        view.replicas.every(({ address, priority, isHealthy }) =>
          sameAddress(address, to) ? priority === 1 : priority !== 1 || !isHealthy,
        ),
      )
    );
  }
}

function toPriority(answer: unknown): string {
  const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
  return typeof value === 'string' ? value : '100';
}

function isLost(error: unknown): boolean {
  const kind = classifyFailure(error);
  return kind === 'unknown' || kind === 'not-sent';
}

function neverPromoted(): SwitchoverFailedError {
  return new SwitchoverFailedError(
    'the chosen replica has replica-priority 0, which says that it must never be promoted',
  );
}

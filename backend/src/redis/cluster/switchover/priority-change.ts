import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { SharedConnection } from '../connection/index.js';
import { SwitchoverFailedError } from '../../base/errors/index.js';
import type { TopologyTracker } from '../topology/index.js';
import type { Steps } from './steps.js';

const PREFERRED = '1';
const RESTORE_TIMEOUT_MS = 3000;

/** Changes priorities so that Sentinel chooses a certain replica, and restores them afterwards. */
export class PriorityChange {
  readonly #tracker: TopologyTracker;
  readonly #steps: Steps;
  #changed: { readonly node: NodeAddress; readonly was: string }[] = [];

  constructor(tracker: TopologyTracker, steps: Steps) {
    this.#tracker = tracker;
    this.#steps = steps;
  }

  /**
   * Gives the replica the best priority and waits until every answering Sentinel has seen it. That
   * takes up to ten seconds, the time between two `INFO` of a Sentinel. Nothing is paused meanwhile.
   */
  async prefer(to: NodeAddress): Promise<void> {
    // Sentinel does not promote a replica that cannot be reached, so its priority may stay.
    const reachable = this.#tracker.replicas.filter(({ state }) => state.kind === 'ready');
    for (const node of reachable) {
      const was = await readPriority(node);
      const isChosen = sameAddress(node.address, to);
      if (isChosen && was === '0') throw neverPromoted();
      const wanted = isChosen ? PREFERRED : was === '0' ? '0' : '100';
      if (was === wanted) continue;
      await node.call('config', 'set', 'replica-priority', wanted);
      this.#changed.push({ node: node.address, was });
    }
    await this.#steps.until(
      'the Sentinels to see the new priority',
      () => this.#isSeen(to),
      () => void this.#tracker.source.lookAgain(),
    );
  }

  /** Restores every changed priority, as far as the nodes can be reached. Never rejects. */
  async restore(): Promise<void> {
    const changed = this.#changed;
    this.#changed = [];
    await Promise.allSettled(changed.map((change) => this.#restoreOne(change)));
  }

  // The promoted node has just closed our connection, so reaching it may take a moment.
  async #restoreOne({ node, was }: { node: NodeAddress; was: string }): Promise<void> {
    const connection = this.#tracker.connectionTo(node);
    if (connection === null) return;
    const grace = this.#steps.anew(RESTORE_TIMEOUT_MS);
    await grace.until('a changed node to be reached', () => connection.state.kind === 'ready');
    await connection.call('config', 'set', 'replica-priority', was);
  }

  #isSeen(to: NodeAddress): boolean {
    const views = this.#tracker.source.views();
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

async function readPriority(node: SharedConnection): Promise<string> {
  const answer = await node.call('config', 'get', 'replica-priority');
  const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
  return typeof value === 'string' ? value : '100';
}

function neverPromoted(): SwitchoverFailedError {
  return new SwitchoverFailedError(
    'the chosen replica has replica-priority 0, which says that it must never be promoted',
  );
}

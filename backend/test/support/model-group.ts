import { EventBus } from '../../src/redis/base/events/index.js';
import { WirePool, type RedisNode } from '../../src/redis/cluster/connection/index.js';
import type { TopologyTracker } from '../../src/redis/cluster/topology/index.js';
import type { ManualClock } from '../../src/redis/testing/index.js';
import { ModelNode, ModelWire, type ModelWitness } from './model-node.js';

const POOL_SIZE = 2;

interface Member {
  readonly node: ModelNode;
  readonly connection: RedisNode;
}

/** A primary, a replica and what a tracker knows of them: what {@link PrimaryLoans} stands on. */
export class ModelGroup {
  readonly bus = new EventBus();
  readonly members: readonly Member[];
  isFenced = false;
  isAway = false;
  isFirstWriteAwaited = false;
  readonly #listeners = new Set<() => void>();
  #primary = 0;

  constructor(clock: ManualClock, witness: ModelWitness) {
    this.members = ['a', 'b'].map((name) => newMember(name, clock, witness));
    this.primary.node.isPrimary = true;
  }

  get primary(): Member {
    return this.members[this.#primary]!;
  }

  get isWritable(): boolean {
    return !this.isFenced && !this.isAway;
  }

  /** The number of listeners, for leak checks. */
  get listeners(): number {
    return this.#listeners.size;
  }

  get tracker(): TopologyTracker {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the getters below have a `this` of their own
    const group = this;
    return {
      get isWritable() {
        return group.isWritable;
      },
      get primary() {
        return group.isAway ? null : group.primary.connection;
      },
      onChange: (listener: () => void) => {
        group.#listeners.add(listener);
        return () => group.#listeners.delete(listener);
      },
      // What errors say of it.
      primaryAddress: null,
      primaryConnection: null,
      accessRefusedAt: null,
      whyUnknown: 'the model has no addresses',
      get gate() {
        return { state: { kind: group.isFenced ? 'paused' : 'open' } };
      },
      suspect: () => undefined,
      history: {
        get isFirstWriteAwaited() {
          return group.isFirstWriteAwaited;
        },
      },
      noteAcceptedWrite: () => {
        group.isFirstWriteAwaited = false;
      },
      noteRefusedWrite: () => undefined,
    } as unknown as TopologyTracker;
  }

  fence(): void {
    if (this.isFenced) return;
    this.isFenced = true;
    this.bus.emit({ type: 'writes.paused', reason: '+selected-slave' });
    this.#changed();
  }

  /** The failover is given up. */
  unfence(): void {
    this.isFenced = false;
    this.#changed();
  }

  /** The other node is the primary now, with what the old one had. */
  switch(): void {
    const { node: old, connection } = this.primary;
    this.#primary = 1 - this.#primary;
    const { node } = this.primary;
    old.isPrimary = false;
    node.isPrimary = true;
    node.elements.push(...old.elements.splice(0));
    connection.pool.destroy('fenced: another node is the primary now');
    this.isFirstWriteAwaited = true;
    this.isFenced = false;
    this.#changed();
  }

  setAway(isAway: boolean): void {
    this.isAway = isAway;
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function newMember(name: string, clock: ManualClock, witness: ModelWitness): Member {
  const node = new ModelNode(name, witness);
  const pool = new WirePool(
    null as never,
    POOL_SIZE,
    clock,
    (listener) => new ModelWire(node, clock, listener).asWire,
  );
  const [there, back] = [{}, {}];
  const call = (_client: string, _unblock: string, id: string): Promise<unknown> =>
    new Promise((resolve) => {
      node.post(there, () => {
        const count = node.unblock(Number(id));
        node.post(back, () => resolve(count));
      });
    });
  return { node, connection: { pool, call } as unknown as RedisNode };
}

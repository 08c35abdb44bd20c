import type { ResolvedRedisOptions } from '../../src/redis/config/index.js';
import { EventBus } from '../../src/redis/base/events/index.js';
import type { Clock } from '../../src/redis/base/timing/index.js';
import { type Keyspace, Keyspaces } from '../../src/redis/keyspace/index.js';
import { KEPT_BODIES } from '../support/decoded-view.js';
import type { PartitionPort } from '../support/partition-port.js';
import type { Actor } from './actor.js';
import { ModelJournal } from './model-journal.js';
import { MODEL } from './model-settings.js';

/** Who a process is. */
export interface RealIdentity {
  readonly no: number;
  /** How often it was started before. */
  readonly life: number;
  /** Put behind the names of its keyspaces: no two histories have one key in common. */
  readonly suffix: string;
}

/** One life of a process that uses real servers. */
export class RealProcess implements Actor {
  readonly name: string;
  readonly identity: RealIdentity;
  readonly sessions: Keyspace;
  readonly cache: Keyspace;
  readonly heardSince = Infinity;
  readonly port: PartitionPort;
  readonly keyspaces: Keyspaces;
  readonly clock: Clock;
  readonly log: ModelJournal;
  isOver = false;
  #tokens = 0;

  constructor(
    identity: RealIdentity,
    { port, clock, options }: { port: PartitionPort; clock: Clock; options: ResolvedRedisOptions },
    log = new ModelJournal(true),
  ) {
    const { no, life, suffix } = identity;
    this.identity = identity;
    this.name = life === 0 ? `p${String(no)}` : `p${String(no)}.${String(life)}`;
    this.port = port;
    this.clock = clock;
    this.log = log;
    this.keyspaces = new Keyspaces(options, port, { clock, bus: new EventBus() }, log.kept());
    this.keyspaces.start();
    const more = { nearMs: 0, maxStaleMs: 0 };
    const { nearMs } = MODEL;
    this.sessions = this.keyspaces.open(`sessions${suffix}`, { policy: 'session', ...more });
    const cache = this.keyspaces.open(`cache${suffix}`, { policy: 'cache', ...more, nearMs });
    this.cache = cache.decodedBy(KEPT_BODIES);
  }

  get hasInherited(): boolean {
    return this.identity.life > 0;
  }

  get isLinked(): boolean {
    return !this.port.isCut && !this.isOver;
  }

  get isSending(): boolean {
    return this.isLinked;
  }

  get isCurrent(): boolean {
    return this.isLinked && this.isAtRest;
  }

  /** Whether Redis has everything that it knows. */
  get isAtRest(): boolean {
    return this.keyspaces.status.mode === 'healthy' && this.pending === 0;
  }

  get pending(): number {
    return this.keyspaces.status.journal.entries;
  }

  newToken(): string {
    return `${this.name}-${String(this.#tokens++)}`;
  }

  /** The process ends at once: what it knew is gone, and what was on its way may have arrived or not. */
  async crash(): Promise<void> {
    this.isOver = true;
    this.port.end();
    this.log.end();
    await this.keyspaces.close(0);
  }
}

import { resolveOptions, type ResolvedRedisOptions } from '../../src/redis/config/index.js';
import { EventBus } from '../../src/redis/base/events/index.js';
import { type Keyspace, Keyspaces } from '../../src/redis/keyspace/index.js';
import { KEPT_BODIES } from '../support/decoded-view.js';
import { InMemoryPort } from '../support/redis-in-memory/in-memory-port.js';
import type { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';
import type { Actor } from './actor.js';
import { ModelJournal } from './model-journal.js';
import type { ModelClock } from './model-clock.js';
import { MODEL, type WorldSettings } from './model-settings.js';
import { ProcessClock } from './process-clock.js';

// For 6 sessions, 4 ends of all, 3 keys and 2 tags, and a few values.
const ROOM = { journal: 18, memory: 20 };
const NO_ROOM = { journal: 5, memory: 9 };

/** One life of a process, from its start until it crashes: its memory, its journal, and a keyspace of each kind. */
export class KeyspaceProcess implements Actor {
  readonly name: string;
  readonly no: number;
  /** How often the process was started before. */
  readonly life: number;
  readonly sessions: Keyspace;
  readonly cache: Keyspace;
  readonly port: InMemoryPort;
  readonly keyspaces: Keyspaces;
  readonly clock: ProcessClock;
  readonly log: ModelJournal;
  heardSince: number;
  /** It has taken in the journal of another process, in this life or before: that may have more than is allowed. */
  hasAdopted = false;
  isOver = false;
  readonly #tokens = { count: 0 };

  constructor(
    redis: RedisInMemory,
    shared: ModelClock,
    { no, life }: { readonly no: number; readonly life: number },
    settings: WorldSettings,
    log = new ModelJournal(settings.hasFile),
  ) {
    this.no = no;
    this.life = life;
    this.name = life === 0 ? `p${String(no)}` : `p${String(no)}.${String(life)}`;
    this.log = log;
    this.port = new InMemoryPort(redis, () => shared.now(), settings.hasReplica);
    this.clock = new ProcessClock(shared, settings.offsetsMs[no] ?? 0);
    this.heardSince = shared.now();
    const origin = `${(no * 1_000 + life).toString(16).padStart(8, '0')}00000000`;
    const parts = { clock: this.clock, bus: new EventBus(), origin };
    this.keyspaces = new Keyspaces(optionsFor(settings), this.port, parts, log.kept());
    this.keyspaces.start();
    const more = { nearMs: 0, maxStaleMs: 0 };
    this.sessions = this.keyspaces.open('sessions', { policy: 'session', ...more });
    const near = { policy: 'cache', ...more, nearMs: MODEL.nearMs } as const;
    this.cache = this.keyspaces.open('cache', near).decodedBy(KEPT_BODIES);
  }

  get hasInherited(): boolean {
    return this.life > 0 || this.hasAdopted;
  }

  get isLinked(): boolean {
    return this.port.link === 'open' && !this.isOver;
  }

  get isSending(): boolean {
    return this.isLinked || this.port.link === 'deaf';
  }

  get isCurrent(): boolean {
    const { mode } = this.keyspaces.status;
    return this.isLinked && mode === 'healthy' && this.pending === 0;
  }

  get pending(): number {
    return this.keyspaces.status.journal.entries;
  }

  newToken(): string {
    return `${this.name}-${String(this.#tokens.count++)}`;
  }

  /** The process ends at once: what it knew is gone, and what was on its way may have arrived or not. */
  async crash(): Promise<void> {
    this.isOver = true;
    this.port.end();
    this.log.end();
    await this.keyspaces.close(0);
  }

  /** What exceeds its bounds; `null` for nothing. */
  get excess(): string | null {
    const { memory, journal } = this.keyspaces.status;
    const inMemory = `${this.name}: memory holds ${String(memory.entries)} entries, ${String(memory.bytes)} bytes`;
    if (memory.entries > memory.maxEntries || memory.bytes > memory.maxBytes) return inMemory;
    const held = journal.entries + journal.acknowledged;
    const inJournal = `${this.name}: the journal holds ${String(held)} records, ${String(journal.bytes)} bytes`;
    const isTooMuch = held > journal.maxEntries || journal.bytes > journal.maxBytes;
    return isTooMuch && !this.hasAdopted ? inJournal : null;
  }
}

const resolved = new Map<boolean, ResolvedRedisOptions>();

function optionsFor({ hasRoom }: WorldSettings): ResolvedRedisOptions {
  const known = resolved.get(hasRoom);
  if (known !== undefined) return known;
  const bounds = hasRoom ? ROOM : NO_ROOM;
  const { maxAgeMs, reapplyMs, maxBytes } = MODEL;
  const { options } = resolveOptions({
    mode: 'standalone',
    host: '127.0.0.1',
    fallback: {
      breakerFailures: 1,
      breakerOpenMs: 100,
      stableMs: 10,
      maxEntries: bounds.memory,
      maxBytes,
    },
    journal: { maxEntries: bounds.journal, maxBytes, maxAgeMs, reapplyMs, replayPerSecond: 20 },
  });
  resolved.set(hasRoom, options);
  return options;
}

import { EventBus, type RedisHaEvent } from '../../src/redis/base/events/index.js';
import {
  type SessionArchive,
  type SessionOptions,
  type SessionRecord,
  SessionService,
} from '../../src/redis/sessions/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { ScriptedKeyspace } from './scripted-keyspace.js';
import { ScriptedRedis } from './scripted-redis.js';

/** A table of sessions that keeps the contract, and fails when a test wants it to. */
export class TableArchive implements SessionArchive {
  readonly rows = new Map<string, SessionRecord>();
  readonly calls: string[] = [];
  readonly signals: AbortSignal[] = [];
  /** The error of all calls. */
  error: Error | null = null;
  /** Calls never end, until {@link TableArchive.release}. */
  isHanging = false;
  #waiting: (() => void)[] = [];

  async save(record: SessionRecord, how: 'insert' | 'update', signal: AbortSignal): Promise<void> {
    await this.#call(how, signal);
    const present = this.rows.get(record.id);
    const isLate = present === undefined ? how === 'update' : present.revision > record.revision;
    if (!isLate) this.rows.set(record.id, copyOf(record));
  }

  async find(id: string, signal: AbortSignal): Promise<SessionRecord | null> {
    await this.#call('find', signal);
    const row = this.rows.get(id);
    return row === undefined ? null : copyOf(row);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#call('remove', signal);
    this.rows.delete(id);
  }

  async removeAllOf(userId: string, exceptId: string | null, signal: AbortSignal): Promise<void> {
    await this.#call('removeAllOf', signal);
    for (const row of this.#rowsOf(userId)) if (row.id !== exceptId) this.rows.delete(row.id);
  }

  async listOf(userId: string, signal: AbortSignal): Promise<readonly SessionRecord[]> {
    await this.#call('listOf', signal);
    return this.#rowsOf(userId).map(copyOf);
  }

  /** How often a method was called. */
  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  release(): void {
    this.isHanging = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  #rowsOf(userId: string): SessionRecord[] {
    return [...this.rows.values()].filter((row) => row.userId === userId);
  }

  async #call(name: string, signal: AbortSignal): Promise<void> {
    this.calls.push(name);
    this.signals.push(signal);
    if (this.isHanging) await new Promise<void>((go) => this.#waiting.push(go));
    if (this.error !== null) throw this.error;
  }
}

/** One process with sessions. */
export interface SessionRig<T = Record<string, unknown>> {
  readonly keyspace: ScriptedKeyspace;
  readonly sessions: SessionService<T>;
  readonly events: RedisHaEvent[];
}

/** What the processes of a test share. */
export interface SessionWorld {
  readonly clock: ManualClock;
  readonly redis: ScriptedRedis;
  /** Starts a process. Its calendar may be wrong. */
  process<T = Record<string, unknown>>(options?: SessionOptions, offsetMs?: number): SessionRig<T>;
}

/** A Redis, a clock, and as many processes as a test wants. */
export function newSessionWorld(clock = new ManualClock()): SessionWorld {
  const redis = new ScriptedRedis();
  let processes = 0;
  return {
    clock,
    redis,
    process: <T>(options: SessionOptions = {}, offsetMs = 0) => {
      const origin = String(++processes).padStart(16, '0');
      const keyspace = new ScriptedKeyspace(redis, clock, origin, offsetMs);
      const bus = new EventBus();
      const events: RedisHaEvent[] = [];
      bus.onAny((event) => events.push(event));
      const surroundings = { clock: keyspace.calendar(), bus };
      const sessions = new SessionService<T>(keyspace, options, surroundings);
      return { keyspace, sessions, events };
    },
  };
}

/** Returns the error code of a call; `ok` when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

function copyOf(record: SessionRecord): SessionRecord {
  return JSON.parse(JSON.stringify(record)) as SessionRecord;
}

/** Returns the outcome of a call, and moves the clock on while it waits; two minutes at most. */
export async function passing<R>(clock: ManualClock, call: Promise<R>): Promise<R> {
  const state = { isOver: false };
  const over = (): void => {
    state.isOver = true;
  };
  call.then(over, over);
  for (let i = 0; i < 12_000; i++) {
    await clock.advance(10);
    if (state.isOver) return call;
  }
  throw new TypeError('the call never ended');
}

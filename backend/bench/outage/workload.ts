import { now, sleep } from '../common/clock.js';
import { codeOf, Ledger, OK } from '../common/ledger.js';
import { sampleValue, type SampleValue } from '../cache/values.js';
import type { OutageClient } from './outage-client.js';

/** What is asked for. */
export const OPERATIONS = ['get', 'get miss', 'set', 'getOrSet', 'validate'] as const;

/** One of them. */
export type Operation = (typeof OPERATIONS)[number];

/** The outcome of a call without an error that brought nothing for a key that exists. */
export const MISSING = 'missing';

/** The outcome of a call that brought something else than what was stored. */
export const WRONG = 'wrong';

/** A ledger for this many calls. All of its memory is taken at once: the heap that is measured is the contestant's. */
export function newLedger(capacity: number): Ledger<Operation> {
  return new Ledger(OPERATIONS, capacity);
}

const KEYS = 500;
const SESSIONS = 200;
const SHARED = 250;
const LOADER_MS = 2;
/** Coprime to the number of keys, so that all of them take their turn, in no order. */
const STRIDE = 7919;

// Out of twenty: 8 get, 3 get miss, 4 set, 3 getOrSet, 2 validate.
const MIX: readonly Operation[] = (
  'get,set,get,getOrSet,get miss,get,validate,set,get,get,' +
  'getOrSet,get,get miss,set,get,validate,get,getOrSet,set,get miss'
).split(',') as Operation[];

/** The key under which the call of this number writes. */
export function writtenKey(index: number): string {
  return `written:${String(index)}`;
}

/** Half of the loads are for keys that are asked for again, half for a key that is new. */
function loadedKey(turn: number): { key: string; id: number } {
  if (turn % 2 === 1) return { key: `loaded:${String(turn)}`, id: turn };
  const id = (turn / 2) % SHARED;
  return { key: `shared:${String(id)}`, id };
}

/** The calls that are made: `issue` makes one and never throws. */
export class Workload {
  private validate: ((index: number) => Promise<boolean>) | null = null;
  // Each kind counts for itself, so that all of its keys take their turn whatever the mix is.
  private readonly turns = new Map<Operation, number>();

  constructor(
    private readonly client: OutageClient,
    private readonly ledger: Ledger<Operation>,
  ) {}

  /** Stores the keys that exist, and opens the sessions. */
  async prepare(): Promise<void> {
    for (let i = 0; i < KEYS; i++) await this.client.set(`key:${String(i)}`, sampleValue(i));
    for (let i = 0; i < KEYS; i++) await this.client.get(`key:${String(i)}`);
    this.validate = (await this.client.openSessions?.(SESSIONS)) ?? null;
  }

  /** Makes the call of this number. */
  issue(index: number, dueAt: number): void {
    const wanted = MIX[index % MIX.length] ?? 'get';
    const operation = wanted === 'validate' && this.validate === null ? 'get' : wanted;
    const number = this.ledger.begin(operation, dueAt, now());
    void this.run(operation, number).then(
      (outcome) => {
        this.ledger.settle(number, now(), outcome);
      },
      (error: unknown) => {
        this.ledger.settle(number, now(), codeOf(error));
      },
    );
  }

  private async run(operation: Operation, index: number): Promise<string> {
    const turn = this.turns.get(operation) ?? 0;
    this.turns.set(operation, turn + 1);
    switch (operation) {
      case 'get': {
        const id = (turn * STRIDE) % KEYS;
        return judge(await this.client.get(`key:${String(id)}`), id);
      }
      case 'get miss':
        return isNothing(await this.client.get(`nobody:${String(index)}`)) ? OK : WRONG;
      case 'set':
        await this.client.set(writtenKey(index), sampleValue(index));
        return OK;
      case 'getOrSet':
        return this.load(index, turn);
      case 'validate':
        return (await this.validate?.(turn % SESSIONS)) === true ? OK : MISSING;
    }
  }

  private async load(index: number, turn: number): Promise<string> {
    const { key, id } = loadedKey(turn);
    const loader = async (): Promise<SampleValue> => {
      const startedAt = now();
      await sleep(LOADER_MS);
      this.ledger.exclude(index, now() - startedAt);
      return sampleValue(id);
    };
    return judge(await this.client.getOrSet(key, loader), id);
  }
}

/** What a reader makes of an answer. */
export function judge(value: unknown, id: number): string {
  if (isNothing(value)) return MISSING;
  return (value as { readonly id?: unknown }).id === id ? OK : WRONG;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

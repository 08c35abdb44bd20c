import type {
  BenchClient,
  ClientKind,
  ClientNotes,
  ClusterPlace,
} from '../clients/bench-client.js';
import { makeClient } from '../clients/make-client.js';
import { now, within } from '../common/clock.js';
import { countBy } from '../common/groups.js';
import { codeOf, OK, type Calls } from '../common/ledger.js';
import type { Stall } from '../../src/cli/measure/open-loop.js';
import { serve } from '../common/serve.js';
import { Workload, type OperationKind } from './workload.js';

/** What one client process is told. */
export interface ClientOrder {
  readonly client: ClientKind;
  readonly place: ClusterPlace;
  readonly prefix: string;
  readonly perSecond: number;
}

/** What one client process tells in the end. */
export interface ClientAccount {
  readonly calls: Calls<OperationKind>;
  readonly notes: ClientNotes;
  readonly startedAt: number;
  readonly stoppedAt: number;
  readonly stall: Stall;
  /** Why a last write was not answered within five seconds; `null` when it was. */
  readonly dead: string | null;
  /** Calls that wait for a node when the load ends. */
  readonly waiting: number;
  readonly unhandled: readonly string[];
  /** What Node warned of, such as too many listeners. */
  readonly warnings: readonly string[];
}

/** A command that a scenario has a client run besides the load. */
export interface ExtraOrder {
  readonly command: readonly string[];
  /** How many of it are issued in one turn. @defaultValue 1 */
  readonly times?: number;
  readonly timeoutMs?: number;
}

/** What became of such commands. */
export interface ExtraAccount {
  /** How many ended with which outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly longestMs: number;
}

const CONNECT_MS = 10_000;
const LAST_WRITE_MS = 5000;
const LATE = Symbol('late');

const unhandled: string[] = [];
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(`${warning.name}: ${warning.message}`));
process.on('unhandledRejection', (reason) => unhandled.push(codeOf(reason)));
process.on('uncaughtException', (error) => unhandled.push(codeOf(error)));

let client: BenchClient;
let workload: Workload;
let startedAt = 0;
let prefix = '';

serve({
  async connect(order: ClientOrder): Promise<void> {
    prefix = order.prefix;
    client = await makeClient(order.client, order.place);
    workload = new Workload(client, prefix, order.perSecond);
    const connected = await within(CONNECT_MS, client.connect(), LATE);
    if (connected === LATE) throw new Error('it cannot connect');
    await client.set(`${prefix}:first`, '1');
    await client.get(`${prefix}:first`);
  },

  load(): void {
    startedAt = workload.start();
  },

  async switchover(): Promise<unknown> {
    return client.switchover?.();
  },

  async extra({ command, times = 1, timeoutMs }: ExtraOrder): Promise<ExtraAccount> {
    const startedAt = now();
    const outcomes = await Promise.all(
      Array.from({ length: times }, async () => {
        if (client.call === undefined) throw new Error('this client has no call()');
        const answer = client.call(command, timeoutMs);
        return answer.then(() => OK, codeOf);
      }),
    );
    return { outcomes: countBy(outcomes), longestMs: now() - startedAt };
  },

  async finish(graceMs: number): Promise<ClientAccount> {
    const waiting = client.waiting?.() ?? 0;
    const stoppedAt = await workload.stop(graceMs);
    const calls = workload.ledger.copy();
    const dead = await lastWrite();
    return {
      calls,
      notes: client.notes,
      startedAt,
      stoppedAt,
      stall: workload.stall,
      dead,
      waiting,
      unhandled,
      warnings,
    };
  },

  async close(): Promise<unknown> {
    await within(LAST_WRITE_MS, client.close(), LATE);
    return client.notes.failovers;
  },
});

async function lastWrite(): Promise<string | null> {
  try {
    const answer = await within(LAST_WRITE_MS, client.set(`${prefix}:last`, '1'), LATE);
    return answer === LATE ? 'no answer' : null;
  } catch (error) {
    return codeOf(error);
  }
}

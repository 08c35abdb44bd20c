import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { safeMessage } from '../../redis/base/errors/index.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import {
  ReopeningWire,
  type Wire,
  type WireOptions,
} from '../../redis/cluster/connection/index.js';
import type { ResolvedAccess } from '../../redis/config/index.js';
import { CliError } from '../frame/index.js';

/** One word of a command. */
type Word = string | number | Buffer;

/** Whom to connect to, and how. */
export interface Destination {
  /** After address mapping. */
  readonly address: NodeAddress;
  readonly access: ResolvedAccess;
  readonly whose: 'node' | 'sentinel';
  /** How long connecting, and each answer, may take. */
  readonly deadlineMs: number;
}

/** A server that answers. */
export interface Reached {
  readonly address: NodeAddress;
  /** Sends a command. @throws {@link CliError} with what the server said, or that it said nothing in time */
  ask(command: string, ...args: readonly Word[]): Promise<unknown>;
  /** The same; resolves with what was said instead of throwing. */
  tryAsk(command: string, ...args: readonly Word[]): Promise<Answer>;
  close(): void;
}

/** What came of a question. */
export type Answer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** A server that does not, and why, for people. */
export interface Unreached {
  readonly reason: string;
}

// What TLS and plain do to each other is found out by a second look, a moment after the failure itself.
const SECOND_LOOK_MS = 400;
const clock = new SystemClock();

/** Connects to one server, once. Never rejects, and never takes longer than its deadline and a moment. */
export async function reach(to: Destination): Promise<Reached | Unreached> {
  let settle: (wire: Wire | null) => void = () => undefined;
  const opening = new Promise<Wire | null>((resolve) => {
    settle = resolve;
  });
  const listener = {
    onReady: (wire: Wire): void => {
      settle(wire);
    },
    onClosed: (): void => {
      settle(null);
    },
  };
  const connection = new ReopeningWire(() => optionsOf(to), clock, listener, {
    whose: to.whose,
    maxPauseMs: () => 2 * SECOND_LOOK_MS,
  });
  connection.open();
  const wire = await opening;
  return wire === null ? whyNot(connection) : new ReachedServer(to, connection, wire);
}

function optionsOf({ address, access, deadlineMs }: Destination): WireOptions {
  return {
    ...{ address, access },
    db: 0,
    keyPrefix: '',
    clientName: 'nestjs-redis-ha-cli',
    connectTimeoutMs: deadlineMs,
    keepAliveMs: 5_000,
  };
}

async function whyNot(connection: ReopeningWire): Promise<Unreached> {
  await new Promise<void>((done) => clock.hold(SECOND_LOOK_MS, done));
  const { state } = connection;
  connection.close('not reached');
  const reason = 'reason' in state ? state.reason : null;
  return { reason: reason ?? 'it does not answer' };
}

/** Tells whether a server was reached. */
export function isReached(server: Reached | Unreached): server is Reached {
  return 'ask' in server;
}

class ReachedServer implements Reached {
  readonly address: NodeAddress;
  readonly #connection: ReopeningWire;
  readonly #wire: Wire;
  readonly #deadlineMs: number;

  constructor(to: Destination, connection: ReopeningWire, wire: Wire) {
    this.address = to.address;
    this.#connection = connection;
    this.#wire = wire;
    this.#deadlineMs = to.deadlineMs;
  }

  async ask(command: string, ...args: readonly Word[]): Promise<unknown> {
    const answer = await this.tryAsk(command, ...args);
    if (answer.ok) return answer.value;
    throw new CliError(
      `${formatAddress(this.address)} refuses ${command.toUpperCase()}: ${answer.reason}`,
      'See how the node is, and whether the user may do it',
    );
  }

  async tryAsk(command: string, ...args: readonly Word[]): Promise<Answer> {
    return new Promise<Answer>((resolve) => {
      const stop = clock.hold(this.#deadlineMs, () => {
        resolve({ ok: false, reason: `no answer within ${String(this.#deadlineMs)} ms` });
      });
      const settle = (answer: Answer): void => {
        stop();
        resolve(answer);
      };
      this.#wire.call(command, args).then(
        (value) => {
          settle({ ok: true, value });
        },
        (error: unknown) => {
          settle({ ok: false, reason: safeMessage(error) });
        },
      );
    });
  }

  close(): void {
    this.#connection.close('done');
  }
}

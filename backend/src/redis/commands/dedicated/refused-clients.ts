import {
  type DriverClient,
  type DriverOptions,
  newTrackedClient,
  refusingConnector,
  type TrackedOptions,
} from '../../cluster/connection/index.js';
import type { RawClientOptions } from './raw-clients.js';
import type { RedisHaError } from '../../base/errors/index.js';

type Command = Parameters<DriverClient['sendCommand']>[0];

/**
 * The end of a refusal that libraries get. By this word BullMQ knows that nobody can be reached, and its workers wait
 * before they try again; after any other error they try at once, for ever, and leave no time for anything else.
 */
const LIKE_NOBODY_LISTENS = '(For libraries: ECONNREFUSED.)';

/**
 * Raw clients where there is no Redis: they connect to nobody, and every command of theirs is refused. So an
 * application whose libraries take clients starts all the same.
 */
export class RefusedClients {
  readonly #refusal: RedisHaError;
  readonly #clients = new Set<DriverClient>();

  /** @param refusalWith - makes the error, with words for libraries at its end */
  constructor(refusalWith: (ending: string) => RedisHaError) {
    this.#refusal = refusalWith(LIKE_NOBODY_LISTENS);
  }

  /**
   * Returns options for a library that creates its own clients. They connect within this process, since a client
   * that cannot connect fails with "Connection is closed", and answer each command with the code of the refusal.
   */
  options(): TrackedOptions {
    const { code, message } = this.#refusal;
    return {
      Connector: refusingConnector(`${code} ${message}`),
      // It asks with INFO, which is refused as well.
      enableReadyCheck: false,
      retryStrategy: () => null,
      retryAttempts: 0,
      retryDelay: 0,
      reconnectOnError: () => false,
      connectionName: 'refused',
      keepAlive: 0,
      db: 0,
    };
  }

  /** Creates a client whose commands reject with the refusal. */
  create({ readPolicy: _ignored, ...options }: RawClientOptions = {}): DriverClient {
    const client = newTrackedClient({ ...options, ...refusedOptions(this.#refusal) });
    refuseCommands(client, this.#refusal);
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  /** Closes all clients. */
  close(): void {
    for (const client of [...this.#clients]) client.disconnect();
  }
}

/**
 * Returns options for a client that never opens a connection. What would open one, such as `connect()`,
 * rejects with the refusal.
 */
export function refusedOptions(refusal: RedisHaError): DriverOptions {
  class UnconnectedConnector {
    firstError = refusal;

    check(): boolean {
      return false;
    }

    connect(): Promise<never> {
      return Promise.reject(refusal);
    }

    disconnect(): void {
      // There is nothing to close.
    }
  }
  return {
    lazyConnect: true,
    // The driver only calls these methods, but its type also requires a private field.
    Connector: UnconnectedConnector as unknown as NonNullable<DriverOptions['Connector']>,
  };
}

/**
 * Makes each command reject with the refusal, at once. With the connector alone only the first command
 * would, and all later ones with "Connection is closed".
 */
export function refuseCommands(client: DriverClient, refusal: RedisHaError): void {
  // Without a listener the driver prints each error to the console.
  client.on('error', () => undefined);
  client.sendCommand = (command: Command): unknown => {
    command.reject(refusal);
    return command.promise;
  };
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override?: Partial<DriverOptions>): DriverClient => {
    const copy = duplicate(override);
    refuseCommands(copy, refusal);
    return copy;
  };
}

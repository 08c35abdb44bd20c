import type { DriverClient, DriverOptions } from '../cluster/connection/index.js';
import type { RedisDisabledError } from '../base/errors/index.js';

type Command = Parameters<DriverClient['sendCommand']>[0];

/**
 * Returns options for a client that never opens a connection. What would open one, such as `connect()`,
 * rejects with the refusal.
 */
export function refusedOptions(refusal: RedisDisabledError): DriverOptions {
  class RefusingConnector {
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
    Connector: RefusingConnector as unknown as NonNullable<DriverOptions['Connector']>,
  };
}

/**
 * Makes each command reject with the refusal, at once. With the connector alone only the first command
 * would, and all later ones with "Connection is closed".
 */
export function refuseCommands(client: DriverClient, refusal: RedisDisabledError): void {
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

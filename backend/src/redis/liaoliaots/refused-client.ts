import type { DriverClient, DriverOptions } from '../cluster/connection/index.js';
import type { RedisDisabledError } from '../base/errors/index.js';

type Command = Parameters<DriverClient['sendCommand']>[0];

/**
 * Options of a client that never opens a connection. What asks for one, such as `connect()`, is
 * answered with the refusal.
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
    // It is only ever called through these methods; the driver's base class wants a private field more.
    Connector: RefusingConnector as unknown as NonNullable<DriverOptions['Connector']>,
  };
}

/**
 * Answers each command with the refusal, at once. Through its connector alone a client would say so
 * once and "Connection is closed" ever after.
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

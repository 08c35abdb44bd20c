import { Redis } from 'ioredis';

export type {
  ChainableCommander,
  Redis as DriverClient,
  RedisCommander as DriverCommander,
  RedisKey,
  RedisOptions as DriverOptions,
  RedisValue,
} from 'ioredis';

/** Returns the names of all commands that the installed driver has methods for. */
export function driverCommandNames(): readonly string[] {
  const prototype = Redis.prototype as unknown as { getBuiltinCommands(): string[] };
  return prototype.getBuiltinCommands();
}

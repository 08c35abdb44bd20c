import { Command, Redis } from 'ioredis';

/** How a reply is decoded. `null` returns Buffers. */
export type Encoding = 'utf8' | null;

/** A command of the driver, which knows how its arguments are written and what form its reply has. */
export type DriverCommand = Command;

/** Creates a command of the driver. */
export function newDriverCommand(
  name: string,
  args: readonly unknown[],
  { encoding, keyPrefix }: { readonly encoding: Encoding; readonly keyPrefix: string },
): DriverCommand {
  return new Command(name, args as never, {
    replyEncoding: encoding,
    ...(keyPrefix === '' || isAboutChannels(name) ? {} : { keyPrefix }),
  });
}

// The driver counts sharded channels among the keys.
function isAboutChannels(name: string): boolean {
  return /^(spublish|ssubscribe|sunsubscribe)$/i.test(name);
}

/** Returns the names of all commands that the installed driver has methods for. */
export function driverCommandNames(): readonly string[] {
  const prototype = Redis.prototype as unknown as { getBuiltinCommands(): string[] };
  return prototype.getBuiltinCommands();
}

import type { CommandRow } from './command-rows.js';
import { COMMAND_TABLE } from './command-table.js';
import { MODULE_TABLE } from './module-table.js';
import { NEWER_TABLE } from './newer-table.js';

/** Returns the row of a command, or `undefined` for one that is in no table. */
export function rowOf(name: string, args: readonly unknown[]): CommandRow | undefined {
  return rowNamed(fullNameOf(name.toLowerCase(), args));
}

/** Returns the row of a name as it is in the table: in lower case, subcommands as `container|subcommand`. */
export function rowNamed(name: string): CommandRow | undefined {
  return COMMAND_TABLE.get(name) ?? MODULE_TABLE.get(name) ?? NEWER_TABLE.get(name);
}

/**
 * Returns the name under which a command is in the table. A name that is not may be a container of
 * subcommands, or newer than the table; then its first argument is taken for a subcommand.
 */
export function fullNameOf(name: string, args: readonly unknown[]): string {
  if (rowNamed(name) !== undefined) return name;
  const sub: unknown = args.flat()[0];
  const isText = typeof sub === 'string' || sub instanceof Uint8Array;
  return isText
    ? `${name}|${Buffer.from(sub as string)
        .toString()
        .toLowerCase()}`
    : name;
}

import type { MemoryCommand } from './command-words.js';
import { HASH_COMMANDS } from './hash-commands.js';
import { KEY_COMMANDS } from './key-commands.js';
import { LIST_COMMANDS } from './list-commands.js';
import { SET_COMMANDS } from './set-commands.js';
import { SORTED_SET_COMMANDS } from './sorted-set-commands.js';
import { STRING_COMMANDS } from './string-commands.js';

/** All commands that only need keys, by their names in small letters. */
export const MEMORY_COMMANDS: ReadonlyMap<string, MemoryCommand> = new Map(
  [
    STRING_COMMANDS,
    KEY_COMMANDS,
    HASH_COMMANDS,
    LIST_COMMANDS,
    SET_COMMANDS,
    SORTED_SET_COMMANDS,
  ].flatMap((commands) => Object.entries(commands)),
);

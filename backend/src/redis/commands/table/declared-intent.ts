import { InvalidArgumentError } from '../../base/errors/index.js';
import type { CallOptions, DeclaredAs } from './call-options.js';
import { rowNamed } from './command-lookup.js';
import { type CommandIntent, intentOf } from './command-intent.js';
import type { QueuedCommand } from './payloads.js';

// What these do is up to those who wrote the script or the function.
const RUN_CODE = new Set(['eval', 'evalsha', 'fcall']);

/**
 * Returns what is known about a command, or the error for a declaration that cannot be true. A declaration
 * counts where nothing is known: for commands that are in no table, and for scripts and functions.
 */
export function intentWith(
  { name, args }: Pick<QueuedCommand, 'name' | 'args'>,
  options: CallOptions | null,
): CommandIntent | InvalidArgumentError {
  const intent = intentOf(name, args);
  const as = options?.as;
  return as === undefined ? intent : declared(name.toLowerCase(), intent, as);
}

function declared(
  name: string,
  intent: CommandIntent,
  as: DeclaredAs,
): CommandIntent | InvalidArgumentError {
  if (intent.route === 'refused') return intent;
  const isOpen = rowNamed(intent.name) === undefined || RUN_CODE.has(intent.name);
  const isTrue = intent.changes === (as === 'write');
  if (isTrue) return intent;
  return isOpen ? asRead(intent) : contradiction(name, as);
}

// Nobody knows how long it takes, so it is not asked of a second node for its slowness.
function asRead(intent: CommandIntent): CommandIntent {
  return { ...intent, route: 'read', changes: false, idempotent: true, isDeclared: true };
}

function contradiction(name: string, as: DeclaredAs): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'as',
    value: as,
    message: `${name} is known, and it ${as === 'read' ? 'may change something' : 'changes nothing'}`,
    remedy:
      "Leave it out: as is for scripts, functions and commands that this version doesn't know",
  });
}

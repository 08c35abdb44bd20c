import { InvalidArgumentError } from '../../base/errors/index.js';
import { problemOf } from './command-arguments.js';
import { insteadOf, intentOf, type CommandIntent } from './command-intent.js';
import type { QueuedCommand } from './payloads.js';

/** Throws if a transaction contains a command that cannot be sent or is not allowed in one. */
export function checkTransaction(commands: readonly QueuedCommand[]): void {
  for (const { name, args } of commands) {
    const problem = problemOf(name, args);
    if (problem !== null) throw problem;
    const intent = intentOf(name, args);
    if (intent.route === 'refused') throw refusal(intent);
  }
}

/** Returns the error for a command that would change the state of a shared connection. */
export function refusal(intent: CommandIntent): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'command',
    value: intent.name,
    message: 'it would change the state of a connection that all callers share',
    remedy: insteadOf(intent),
  });
}

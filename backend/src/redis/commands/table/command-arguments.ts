import { InvalidArgumentError } from '../../base/errors/index.js';
import { insteadOf, intentOf, type CommandIntent } from './command-intent.js';
import type { QueuedCommand } from './payloads.js';

/**
 * Returns what keeps a command from being sent, or `null`. The driver turns arguments into text while it
 * writes. If that failed in the middle of a transaction, half of it would be sent, so the arguments are
 * checked before.
 */
export function problemOf(name: unknown, args: readonly unknown[]): InvalidArgumentError | null {
  if (typeof name !== 'string' || name === '') {
    return new InvalidArgumentError({
      field: 'command',
      value: typeof name,
      message: 'the name of a command is a text',
      remedy: "For example: redis.call('GET', 'key')",
    });
  }
  // These commands take a whole object or Map as fields and values.
  const takesObject = /^(mset|msetnx|hset|hmset)$/i.test(name);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (isSendable(arg) || (takesObject && isFields(arg))) continue;
    return new InvalidArgumentError({
      field: `${name} argument ${String(i + 1)}`,
      value: typeof arg,
      message: 'it cannot be turned into text',
      remedy: 'Pass a string, a number or a Buffer; serialize objects first, with JSON.stringify',
    });
  }
  return null;
}

function isSendable(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'number') return true;
  if (value instanceof Uint8Array || value === null || value === undefined) return true;
  return Array.isArray(value) ? value.every(isSendable) : hasText(value);
}

function isFields(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const values = value instanceof Map ? [...value.values()] : Object.values(value);
  return values.every(isSendable);
}

function hasText(value: unknown): boolean {
  try {
    return typeof String(value) === 'string';
  } catch {
    return false;
  }
}

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

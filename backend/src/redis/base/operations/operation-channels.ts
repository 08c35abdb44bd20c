import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { NodeAddress } from '../address/index.js';
import type { CommandOperation } from './command-operation.js';
import type { CacheOperation, SessionOperation } from './keyed-operations.js';

// Held for as long as the process lives: a channel that nobody holds is made anew for the next subscriber.
/** Commands, pipelines, transactions and scripts. */
export const commandChannel = tracingChannel<unknown, CommandOperation>('nestjs-redis-ha:command');
/** Calls of a cache. */
export const cacheChannel = tracingChannel<unknown, CacheOperation>('nestjs-redis-ha:cache');
/** Calls of `SessionService`. */
export const sessionChannel = tracingChannel<unknown, SessionOperation>('nestjs-redis-ha:session');

/** What happens to a command on its way. */
export interface CommandStep {
  readonly operation: CommandOperation;
  /** It waits for a node, was sent to one, or is to be sent again. */
  readonly step: 'waiting' | 'sent' | 'again';
  /** Where it was sent to. */
  readonly node: NodeAddress | null;
  /** Why it is sent again: it was `refused`, its answer was `lost`, or its node is `silent`. */
  readonly reason: 'refused' | 'lost' | 'silent' | null;
}

const steps = channel('nestjs-redis-ha:command:step');

/** Tells that a command waits for a node. */
export function noteWaiting(operation: CommandOperation): void {
  publish({ operation, step: 'waiting', node: null, reason: null });
}

/** Tells that a command was sent to a node. */
export function noteSent(operation: CommandOperation, node: NodeAddress): void {
  operation.sent++;
  operation.node = node;
  publish({ operation, step: 'sent', node, reason: null });
}

/** Tells that a command is to be sent again. */
export function noteAgain(
  operation: CommandOperation,
  reason: Exclude<CommandStep['reason'], null>,
): void {
  publish({ operation, step: 'again', node: null, reason });
}

function publish(step: CommandStep): void {
  if (steps.hasSubscribers) steps.publish(step);
}

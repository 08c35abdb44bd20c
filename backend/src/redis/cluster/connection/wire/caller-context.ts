import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import { isDriverQuiet } from '../../../base/operations/index.js';

// ioredis 5.11 and newer publish each command here. With older ones it never has subscribers.
const commandTrace = channel('tracing:ioredis:command:start');

// A method of a class; what tracing libraries put in its place is a function. If this is ever taken wrongly, contexts
// are kept for nothing.
const OWN_METHOD = /^sendCommand\s*\(/;

let lastSeen: unknown = null;
let isReplaced = false;

/** Returns whether somebody has subscribed to the driver's commands. */
export function isPublished(): boolean {
  return commandTrace.hasSubscribers;
}

/** Returns whether somebody watches what the driver sends, by its channels or in the place of its method. */
export function isTraced(): boolean {
  return isPublished() || isPatched();
}

/**
 * Returns the async context of the caller, or `null` while nobody traces the driver: then nobody sees in
 * which context a command is sent, and thousands of them a second need not keep it. The same while the library
 * traces its own operations, and hides what the driver sends for them.
 */
export function callerContext(): AsyncResource | null {
  return isTraced() && !isDriverQuiet() ? new AsyncResource('nestjs-redis-ha call') : null;
}

function isPatched(): boolean {
  const sendCommand: unknown = Reflect.get(Redis.prototype, 'sendCommand');
  if (sendCommand !== lastSeen) {
    lastSeen = sendCommand;
    isReplaced = !OWN_METHOD.test(String(sendCommand));
  }
  return isReplaced;
}

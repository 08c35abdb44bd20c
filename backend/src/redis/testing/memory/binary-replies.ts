import type { Reply } from '../lua/replies.js';
import { ReplyError } from '../data/reply-error.js';

const NOT_ASCII = /[^\0-\x7f]/;

/** An argument of a command as binary text: one character a byte. */
export function binaryOf(argument: unknown): string {
  if (Buffer.isBuffer(argument)) return argument.toString('latin1');
  const text = String(argument);
  return NOT_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/** Binary text as it is read. */
export function textOf(binary: string): string {
  return NOT_ASCII.test(binary) ? Buffer.from(binary, 'latin1').toString() : binary;
}

/** A reply as the driver gets it from its parser. Throws the error that it is. */
export function driverReply(reply: Reply): unknown {
  const value = valueOf(reply);
  if (value instanceof ReplyError) throw value;
  return value;
}

function valueOf(reply: Reply): unknown {
  if (typeof reply === 'string') return Buffer.from(reply, 'latin1');
  if (reply === null || typeof reply === 'number') return reply;
  if ('ok' in reply) return Buffer.from(reply.ok);
  return 'err' in reply ? new ReplyError(reply.err) : reply.map(valueOf);
}

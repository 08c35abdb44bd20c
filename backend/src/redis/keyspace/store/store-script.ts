import { CommandRejectedError } from '../../base/errors/index.js';
import { newScript, type Script, type ScriptDefinition } from '../../commands/index.js';
import type { RedisPort } from './redis-port.js';

/** A script of the store: it runs on the primary, within the deadline of a command. */
export function storeScript(
  port: RedisPort,
  timeoutMs: number,
  definition: ScriptDefinition,
): Script<unknown> {
  const isIdempotent = definition.idempotent === true;
  return newScript(definition, (name, args, { script }) =>
    port.run(name, args as readonly (string | Buffer | number)[], {
      timeoutMs,
      isIdempotent,
      onPrimary: true,
      ...(script !== undefined && { script }),
    }),
  );
}

/** The reply as a list; anything else is an empty one. */
export function toList(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : [];
}

/** The parts of a reply that are bytes. */
export function buffersIn(reply: readonly unknown[]): Buffer[] {
  return reply.filter((part): part is Buffer => Buffer.isBuffer(part));
}

/** MGET takes a key of another type for none at all. So does everything that reads here. */
export function isWrongType(error: unknown): boolean {
  return error instanceof CommandRejectedError && error.details['reply'] === 'WRONGTYPE';
}

/** The answer where a key of another type was asked for; any other error is thrown. */
export function ifWrongType<T>(error: unknown, answer: T): T {
  if (!isWrongType(error)) throw error;
  return answer;
}

/** Long enough to mean for ever, small enough for Redis to add it to its clock. */
const MAX_TTL_MS = 2 ** 51;
const FOR_EVER = '';
const GONE_AT_ONCE = '0';

/** A time to live as scripts take it: Redis takes whole milliseconds only, and none below 1. */
export function toPx(ttlMs: number | null): string {
  if (ttlMs === null) return FOR_EVER;
  if (!(ttlMs > 0)) return GONE_AT_ONCE;
  return String(Math.min(Math.ceil(ttlMs), MAX_TTL_MS));
}

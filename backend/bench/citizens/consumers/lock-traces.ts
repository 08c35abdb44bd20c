import type { Redis } from 'ioredis';

/** Why the release of a lock was refused though its holder had it and worked. */
export type LockLoss =
  /** The new primary never heard of it: the old one had acknowledged it, and not passed it on. */
  | 'TAKEN_BY_THE_OLD_PRIMARY'
  /** The time for which it was asked was over when its release reached a primary. */
  | 'RAN_OUT'
  /** It was released the first time; the connection broke before the answer, and the client asked again. */
  | 'RELEASED_BEFORE'
  | 'UNEXPLAINED';

type Scripts = Record<
  'acquireScript' | 'extendScript' | 'releaseScript',
  (script: string) => string
>;

const TRACE = 'local trace = "trace:" .. ARGV[1]';
const NOW =
  'local time = redis.call("TIME") local now = time[1] * 1000 + math.floor(time[2] / 1000)';
const UNTIL = `${NOW} redis.call("HSET", trace, "until", now + ARGV[2]) redis.call("PEXPIRE", trace, 600000)`;
const RELEASED = `if count > 0 then redis.call("HSET", trace, "released", 1)
  elseif redis.call("EXISTS", trace) == 1 then ${NOW} redis.call("HSETNX", trace, "missedAt", now) end`;

/**
 * The scripts of redlock, which do what they did and write down beside each lock what became of it: until when it
 * holds, that it was released, or when it was missed. It is written with the lock, so a primary has both or none.
 */
export const TRACED_SCRIPTS: Scripts = {
  acquireScript: (script) => beforeLastReturn(script, UNTIL),
  extendScript: (script) => beforeLastReturn(script, UNTIL),
  releaseScript: (script) => beforeLastReturn(script, RELEASED),
};

/** Returns what became of a lock whose release was refused, by what the present primary knows of it. */
export async function lossOf(client: Redis, lockValue: string): Promise<LockLoss> {
  const { until, released, missedAt } = await client.hgetall(`trace:${lockValue}`);
  if (until === undefined) return 'TAKEN_BY_THE_OLD_PRIMARY';
  if (released !== undefined) return 'RELEASED_BEFORE';
  return missedAt !== undefined && Number(missedAt) >= Number(until) ? 'RAN_OUT' : 'UNEXPLAINED';
}

function beforeLastReturn(script: string, addition: string): string {
  const at = script.lastIndexOf('return ');
  return `${TRACE}\n${script.slice(0, at)}\n${addition}\n${script.slice(at)}`;
}

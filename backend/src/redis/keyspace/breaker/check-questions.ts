import { newScript, type Script, type ScriptDefinition } from '../../commands/index.js';
import type { RedisPort } from '../store/redis-port.js';
import { isAnswer } from './guard.js';
import { refusalOfAllWrites } from './refused-writes.js';

const CHECK_KEY = 'redis-ha~check';
const CHECK_MS = 1_000;

// Everything is written by scripts, so only a script shows that an ACL, the memory and the replicas let them write.
const WRITE: ScriptDefinition = {
  idempotent: true,
  lua: `
local reply = redis.pcall('SET', KEYS[1], '1', 'PX', ARGV[1])
if type(reply) == 'table' and reply.err then
  return redis.error_reply(string.match(reply.err, '%-(%u+ .*)') or reply.err)
end
return 1`,
};

/** Asks whether Redis answers reads. */
export async function askToRead(port: RedisPort, timeoutMs: number): Promise<void> {
  try {
    await port.run('exists', [CHECK_KEY], { timeoutMs, isIdempotent: true });
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}

/** Asks whether Redis takes writes, by a write of the kind that keyspaces make: a replica answers reads, too. */
export class WriteCheck {
  readonly #write: Script<unknown>;

  constructor(port: RedisPort, timeoutMs: number) {
    this.#write = newScript(WRITE, (name, args) =>
      port.run(name, args as readonly (string | Buffer | number)[], {
        timeoutMs,
        isIdempotent: true,
        onPrimary: true,
      }),
    );
  }

  /** Rejects when Redis is away, or refuses all writes. */
  async ask(): Promise<void> {
    try {
      await this.#write([CHECK_KEY], [CHECK_MS]);
    } catch (error) {
      // An ACL may forbid the key of the check alone. That is an answer, too.
      if (!isAnswer(error) || refusalOfAllWrites(error) !== null) throw error;
    }
  }
}

import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { TOP } from '../../config/index.js';
import { Degradation } from './degradation.js';
import type { RedisPort } from '../store/redis-port.js';

const late = (): Promise<never> => Promise.reject(new CommandTimeoutError('late'));

/** A Redis that answers checks as the test says. */
class AskedPort implements RedisPort {
  answer: () => Promise<unknown> = late;
  readonly asked: string[] = [];
  readonly readsFromReplicas = false;
  #onRecovery: () => void = () => undefined;

  run(name: string): Promise<unknown> {
    this.asked.push(name);
    return this.answer();
  }
  onDataAtRisk(): () => void {
    return () => undefined;
  }
  onRecovery(listener: () => void): () => void {
    this.#onRecovery = listener;
    return () => (this.#onRecovery = () => undefined);
  }
  listen(): Promise<() => void> {
    return Promise.resolve(() => undefined);
  }
  bringNews(): void {
    this.#onRecovery();
  }
}

function begin(): {
  clock: ManualClock;
  port: AskedPort;
  degradation: Degradation;
  facts: RedisHaEvent[];
  backAgain: () => number;
  backlog: { size: number };
} {
  const clock = new ManualClock();
  const bus = new EventBus();
  const facts: RedisHaEvent[] = [];
  bus.onAny((event) => facts.push(event));
  const port = new AskedPort();
  const backlog = { size: 0 };
  let back = 0;
  const degradation = new Degradation(
    TOP.defaults.fallback,
    port,
    { clock, bus },
    { hasBacklog: () => backlog.size > 0, onWritesBack: () => back++ },
  );
  return { clock, port, degradation, facts, backAgain: () => back, backlog };
}

async function fail(
  degradation: Degradation,
  direction: 'reads' | 'writes',
  times = 5,
): Promise<void> {
  for (let i = 0; i < times; i++) await degradation[direction].run(late);
}

describe('Degradation', () => {
  it('judges reads and writes apart: while a primary is replaced, reads go on', async () => {
    const { degradation, facts } = begin();
    await fail(degradation, 'writes');
    expect(degradation.reads.isOpen).toBe(true);
    expect(degradation.writes.isOpen).toBe(false);
    expect(degradation.mode.current).toBe('degraded');
    expect(facts.map(({ type }) => type)).toEqual(['breaker.opened', 'mode.changed']);
    degradation.close();
  });

  it('reads to find out whether reads are back, and writes to find out whether writes are', async () => {
    const { degradation, port, clock } = begin();
    await fail(degradation, 'reads');
    await clock.advance(600);
    expect(new Set(port.asked)).toEqual(new Set(['exists']));
    port.asked.length = 0;
    port.answer = () => Promise.resolve(0);
    await clock.advance(2_000);
    expect(degradation.reads.isOpen).toBe(true);
    await fail(degradation, 'writes');
    port.asked.length = 0;
    await clock.advance(600);
    expect(new Set(port.asked)).toEqual(new Set(['evalsha']));
    degradation.close();
  });

  it('says once that a breaker opened, however many checks fail, and how long it was open', async () => {
    const { degradation, port, clock, facts } = begin();
    await fail(degradation, 'writes');
    await clock.advance(5_000);
    port.answer = () => Promise.resolve('OK');
    await clock.advance(3_000);
    const ofBreaker = facts.filter(({ type }) => type.startsWith('breaker.'));
    expect(ofBreaker.filter(({ type }) => type === 'breaker.opened')).toHaveLength(1);
    expect(ofBreaker.at(-1)).toMatchObject({ type: 'breaker.closed', direction: 'writes' });
    expect((ofBreaker.at(-1) as { openMs: number }).openMs).toBeGreaterThanOrEqual(5_000);
    degradation.close();
  });

  it('looks at once when there is news of a node', async () => {
    const { degradation, port, clock, backAgain } = begin();
    await fail(degradation, 'writes');
    port.answer = () => Promise.resolve('OK');
    await clock.advance(10);
    port.bringNews();
    await clock.advance(100);
    expect(degradation.writes.isOpen).toBe(true);
    expect(backAgain()).toBe(1);
    degradation.close();
  });

  it('counts a refusal of the check as an answer: an ACL may forbid its key', async () => {
    const { degradation, port, clock } = begin();
    await fail(degradation, 'writes');
    port.answer = () => Promise.reject(new CommandRejectedError('NOPERM'));
    await clock.advance(2_000);
    expect(degradation.writes.isOpen).toBe(true);
    degradation.close();
  });

  describe('treats a Redis that refuses all writes as away for them', () => {
    const refusals = [
      ['OOM', "OOM command not allowed when used memory > 'maxmemory'."],
      ['MISCONF', 'MISCONF Redis is configured to save RDB snapshots'],
      ['NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.'],
      ['READONLY', "READONLY You can't write against a read only replica."],
      ['NOPERM', "NOPERM User u has no permissions to run the 'evalsha' command"],
      [
        'NOPERM',
        "NOPERM ACL failure in script: User u has no permissions to run the 'set' command",
      ],
      ['ERR', "ERR unknown command 'evalsha', with args beginning with:"],
    ] as const;

    it.each(refusals)('from the first answer on, and says why: %s', async (reply, message) => {
      const { degradation, port, clock, facts } = begin();
      const refused = new CommandRejectedError(message, { reply });
      port.answer = () => Promise.reject(refused);
      const outcome = await degradation.writes.run(() => Promise.reject(refused));
      expect(outcome).toMatchObject({ cause: refused });
      expect(degradation.writes.isOpen).toBe(false);
      expect(degradation.reads.isOpen).toBe(true);
      const [change] = degradation.mode.history;
      expect(change?.reason).toBe(`reads closed, writes open: Redis refuses them with ${reply}`);
      expect(facts).toContainEqual(
        expect.objectContaining({ reason: `Redis refuses all writes: ${reply}` }),
      );
      // Who needs to be certain is told the true error, also when Redis is not asked any more.
      expect(await degradation.writes.run(late)).toMatchObject({ cause: refused });
      await clock.advance(30_000);
      expect(degradation.writes.isOpen).toBe(false);
      port.answer = () => Promise.resolve(1);
      await clock.advance(5_000);
      expect(degradation.writes.isOpen).toBe(true);
      expect(degradation.writes.refusal).toBeNull();
      degradation.close();
    });

    it('but not for a refusal that may be about one key', async () => {
      const { degradation } = begin();
      for (const message of ['NOPERM No permissions to access a key', 'WRONGTYPE', 'ERR odd']) {
        const refused = new CommandRejectedError(message);
        const asked = degradation.writes.run(() => Promise.reject(refused));
        await expect(asked).rejects.toBe(refused);
      }
      expect(degradation.writes.isOpen).toBe(true);
      degradation.close();
    });

    it('nor for the answer to a call from before', async () => {
      const { degradation, port, clock } = begin();
      let refuse: () => void = () => undefined;
      const asked = degradation.writes.run(
        () =>
          new Promise((_, reject) => {
            refuse = () => {
              reject(new CommandRejectedError('OOM'));
            };
          }),
      );
      await fail(degradation, 'writes');
      port.answer = () => Promise.resolve(1);
      await clock.advance(5_000);
      refuse();
      await asked;
      await clock.advance(0);
      expect(degradation.writes.isOpen).toBe(true);
      expect(degradation.writes.refusal).toBeNull();
      degradation.close();
    });

    it('learns the reason also from a check, when Redis did not answer before', async () => {
      const { degradation, port, clock } = begin();
      await fail(degradation, 'writes');
      port.answer = () => Promise.reject(new CommandRejectedError('OOM', { reply: 'OOM' }));
      await clock.advance(3_000);
      expect(degradation.writes.refusal).toBe('OOM');
      degradation.close();
    });

    it('and still asks a full one for what frees memory', async () => {
      const { degradation } = begin();
      const { writes } = degradation;
      await writes.run(() => Promise.reject(new CommandRejectedError('OOM')));
      expect(await writes.run(() => Promise.resolve('not asked'))).toHaveProperty(
        'cause.code',
        'COMMAND_REJECTED',
      );
      expect(await writes.runAlsoWhenFull(() => Promise.resolve('deleted'))).toBe('deleted');
      const error = new CommandTimeoutError('late');
      expect(await writes.runAlsoWhenFull(() => Promise.reject(error))).toMatchObject({
        cause: error,
      });
      degradation.close();
    });
  });

  it('is healthy only when nothing waits any more and all has been well for a while', async () => {
    const { degradation, port, clock, backlog } = begin();
    await fail(degradation, 'writes');
    backlog.size = 3;
    port.answer = () => Promise.resolve('OK');
    await clock.advance(2_000);
    expect(degradation.mode.current).toBe('recovering');
    backlog.size = 0;
    degradation.refresh();
    await clock.advance(900);
    expect(degradation.mode.current).toBe('recovering');
    await clock.advance(200);
    expect(degradation.mode.current).toBe('healthy');
    degradation.close();
  });

  it('asks nothing any more when it is closed', async () => {
    const { degradation, port, clock } = begin();
    await fail(degradation, 'reads');
    degradation.close();
    port.asked.length = 0;
    port.bringNews();
    await clock.advance(10_000);
    expect(port.asked).toEqual([]);
  });
});

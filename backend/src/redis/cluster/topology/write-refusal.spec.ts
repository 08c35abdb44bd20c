import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ConnectionLostError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { WriteRefusal } from './write-refusal.js';

/** An error reply, as the driver makes it. */
function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('WriteRefusal', () => {
  let clock: ManualClock;
  let events: RedisHaEvent[];
  let asked: string[][];
  let answer: () => Promise<unknown>;
  let refusal: WriteRefusal;

  beforeEach(() => {
    clock = new ManualClock();
    events = [];
    asked = [];
    answer = () => Promise.reject(reply('NOREPLICAS Not enough good replicas to write.'));
    const bus = new EventBus();
    bus.onAny((event) => events.push(event));
    refusal = new WriteRefusal(clock, bus, () => ({
      call: (...command) => {
        asked.push(command);
        return answer();
      },
    }));
  });

  const refuseFor = async (ms: number, reason = 'NOREPLICAS'): Promise<void> => {
    for (let left = ms; left > 0; left -= 10) {
      refusal.noteRefused(reason);
      await clock.advance(10);
    }
    refusal.noteRefused(reason);
  };

  it('tells nobody of the moment after a switch in which a new primary refuses', async () => {
    await refuseFor(990);
    expect(refusal.present).toBeNull();
    refusal.noteAccepted();
    await refuseFor(990);
    expect([refusal.present, events, clock.pending]).toEqual([null, [], 0]);
  });

  it('counts after a second without an accepted write, from the first refusal on', async () => {
    await clock.advance(5);
    await refuseFor(3000);
    expect(refusal.present).toEqual({ reason: 'NOREPLICAS', since: 5 });
    expect(events).toEqual([{ type: 'writes.refused', reason: 'NOREPLICAS' }]);
    expect(asked).toEqual([]);
  });

  it('ends with the first accepted write, and leaves no timer', async () => {
    await refuseFor(3000);
    refusal.noteAccepted();
    refusal.noteAccepted();
    expect([refusal.present, clock.pending]).toEqual([null, 0]);
    expect(events.slice(1)).toEqual([
      { type: 'writes.accepted', reason: 'a write was accepted', refusedMs: 3000 },
    ]);
  });

  it('ends when another node is the primary', async () => {
    await refuseFor(1000);
    refusal.end('another node is the primary');
    expect([refusal.present, clock.pending]).toEqual([null, 0]);
    expect(events).toHaveLength(2);
  });

  it('goes on under another word, which it then tells', async () => {
    await refuseFor(1000, 'LOADING');
    await refuseFor(1000, 'NOREPLICAS');
    expect(refusal.present).toEqual({ reason: 'NOREPLICAS', since: 0 });
    expect(events).toHaveLength(1);
  });

  it.each(['WRONGTYPE', 'NOPERM', 'ERR', 'READONLY'])(
    'ignores %s, which does not concern all writes',
    async (word) => {
      await refuseFor(2000, word);
      expect(refusal.present).toBeNull();
    },
  );

  it('tries a write each second while the application makes none, and only then', async () => {
    await refuseFor(2000);
    await clock.advance(3000);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toEqual(['setrange', 'nestjs-redis-ha:write-check', '0', '']);
    expect(refusal.present).not.toBeNull();
    answer = () => Promise.resolve(0);
    await clock.advance(1000);
    expect([refusal.present, clock.pending]).toEqual([null, 0]);
    expect(events).toHaveLength(2);
  });

  it('believes no lost answer, and does not ask again before there is one', async () => {
    let lose: (error: Error) => void = () => undefined;
    answer = () =>
      new Promise((_, reject) => {
        lose = reject;
      });
    await refuseFor(1000);
    await clock.advance(5000);
    expect(asked).toHaveLength(1);
    lose(new ConnectionLostError('reset'));
    await clock.advance(1000);
    expect(asked).toHaveLength(2);
    expect(refusal.present).not.toBeNull();
  });

  it('leaves it to the application where the user may not try a write', async () => {
    answer = () => Promise.reject(reply('NOPERM this user has no permissions'));
    await refuseFor(1000);
    await clock.advance(2000);
    expect(refusal.present).toBeNull();
    expect(events[1]).toMatchObject({
      type: 'writes.accepted',
      reason: expect.stringContaining('NOPERM') as string,
    });
  });

  it('tries nothing after it was closed', async () => {
    await refuseFor(1000);
    refusal.close();
    await clock.advance(5000);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });
});

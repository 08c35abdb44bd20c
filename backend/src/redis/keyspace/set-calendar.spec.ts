import { SteppedClock } from '../../../test/support/stepped-clock.js';
import { CommandTimeoutError } from '../base/errors/index.js';
import { EventBus, type RedisHaEvent } from '../base/events/index.js';
import { RedisCalendar } from '../base/timing/index.js';
import { resolveOptions } from '../config/index.js';
import { Keyspaces } from './keyspaces.js';
import type { EntryDraft, Keyspace } from './keyspace.js';
import type { RedisPort } from './store/redis-port.js';

const HOUR_MS = 3_600_000;
const SETTINGS = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
const draft: EntryDraft = {
  kind: 'value',
  codec: 3,
  isCompressed: false,
  body: Buffer.from('x'),
  freshMs: 60_000,
  staleMs: 0,
  groups: [],
};

/** A Redis that is away, until a test says otherwise. Then each script is answered with 1: applied. */
class AbsentPort implements RedisPort {
  readonly readsFromReplicas = false;
  isAway = true;
  comeBack: () => void = () => undefined;

  run(name: string): Promise<unknown> {
    if (this.isAway) return Promise.reject(new CommandTimeoutError('late'));
    return Promise.resolve(name === 'ping' ? 'PONG' : 1);
  }

  onDataAtRisk(): () => void {
    return () => undefined;
  }

  onRecovery(listener: () => void): () => void {
    this.comeBack = listener;
    return () => undefined;
  }

  listen(): Promise<() => void> {
    return Promise.reject(new CommandTimeoutError('nobody to listen to'));
  }
}

describe.each([HOUR_MS, -HOUR_MS, 2 * HOUR_MS, -2 * HOUR_MS])(
  'keyspaces on a host whose calendar is set by %d ms',
  (stepMs) => {
    let local: SteppedClock;
    let port: AbsentPort;
    let events: RedisHaEvent[];
    let keyspaces: Keyspaces;
    let space: Keyspace;

    beforeEach(() => {
      local = new SteppedClock();
      port = new AbsentPort();
      events = [];
      const bus = new EventBus();
      bus.onAny((event) => events.push(event));
      const clock = new RedisCalendar(local);
      // The host was wrong already when Redis was last there.
      clock.follow({
        distanceMs: local.wallTime() - 10 * 60_000,
        errorMs: 1,
        measuredAt: local.now(),
      });
      const { options } = resolveOptions({ mode: 'standalone', host: '127.0.0.1' });
      keyspaces = new Keyspaces(options, port, { clock, bus });
      space = keyspaces.open('sessions', SETTINGS);
    });

    afterEach(async () => {
      const closing = keyspaces.close(0);
      await local.advance(1_000);
      await closing;
    });

    it('keep what is fresh in memory, until its own time is over', async () => {
      await space.write('kept', draft);
      local.step(stepMs);
      expect(await space.read('kept')).toMatchObject({ state: 'found' });
      await local.advance(59_000);
      expect(await space.read('kept')).toMatchObject({ state: 'found' });
      await local.advance(2_000);
      expect((await space.read('kept')).state).not.toBe('found');
    });

    it('bring back nothing that was deleted, and let the next write win', async () => {
      await space.write('gone', draft);
      await space.delete('gone');
      local.step(stepMs);
      expect((await space.read('gone')).state).toBe('deleted');
      await space.write('gone', draft);
      expect((await space.read('gone')).state).toBe('found');
    });

    it('replay what they have journaled, for it is not too old', async () => {
      await space.write('kept', { ...draft, freshMs: 10 * HOUR_MS });
      local.step(stepMs);
      port.isAway = false;
      port.comeBack();
      await local.advance(10_000);
      expect(keyspaces.status.journal).toMatchObject({ applied: 1, expired: 0, entries: 0 });
    });
  },
);

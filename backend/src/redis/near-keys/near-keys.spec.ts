import { turns } from '../../../test/support/engine-rig.js';
import { CommandRejectedError, ConnectionLostError } from '../base/errors/index.js';
import { ManualClock } from '../testing/index.js';
import { type NearHearing, NearKeys, type NearSource } from './near-keys.js';

const OPTIONS = { prefixes: ['flag:'], nearMs: 1_000, maxEntries: 3, maxBytes: 100_000 };
const FOR_EVER = -1;
const NOT_THERE = -2;

/** A Redis whose answers come when the test says so. */
class HeldSource implements NearSource {
  hearing: NearHearing | null = null;
  refusal: Error | null = null;
  readonly asked: {
    readonly key: string;
    readonly answer: (value: string | null, leftMs?: number) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  read(key: string): Promise<readonly [string | null, number]> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        key,
        answer: (value, leftMs = value === null ? NOT_THERE : FOR_EVER) => {
          resolve([value, leftMs]);
        },
        fail: reject,
      });
    });
  }

  listen(hearing: NearHearing): Promise<() => void> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    this.hearing = hearing;
    hearing.onHearing();
    return Promise.resolve(() => {
      this.hearing = null;
    });
  }
}

describe('NearKeys', () => {
  let clock: ManualClock;
  let source: HeldSource;
  let near: NearKeys;

  beforeEach(async () => {
    clock = new ManualClock();
    source = new HeldSource();
    near = new NearKeys(source, OPTIONS, clock);
    near.start();
    await turns(3);
  });
  afterEach(() => near.close());

  const tell = (...keys: string[]): void => source.hearing?.onChanged(keys);
  async function readOnce(key: string, value: string | null, leftMs?: number): Promise<void> {
    const reading = near.get(key);
    source.asked.at(-1)!.answer(value, leftMs);
    expect(await reading).toBe(value);
  }

  it('asks once, and then answers by itself until it is told of a change', async () => {
    await readOnce('flag:a', '1');
    expect(await near.get('flag:a')).toBe('1');
    expect(source.asked).toHaveLength(1);
    tell('flag:b', 'flag:a');
    await readOnce('flag:a', '2');
    expect(await near.get('flag:a')).toBe('2');
    expect(near.stats).toMatchObject({ hits: 2, misses: 2, changes: 2, entries: 1 });
  });

  it('keeps nothing of an answer whose key was changed while it was on its way', async () => {
    const early = near.get('flag:a');
    tell('flag:a');
    // Who asks from now on does not get what may be old.
    const late = near.get('flag:a');
    expect(source.asked).toHaveLength(2);
    source.asked[0]!.answer('old');
    source.asked[1]!.answer('new');
    expect(await early).toBe('old');
    expect(await late).toBe('new');
    expect(await near.get('flag:a')).toBe('new');
    expect(source.asked).toHaveLength(2);
  });

  it.each([
    ['all keys may have changed', (hearing: NearHearing) => hearing.onChanged(null)],
    ['the connection is lost', (hearing: NearHearing) => hearing.onLost()],
    ['the connection is back', (hearing: NearHearing) => hearing.onHearing()],
  ])('throws all copies away, and answers under way, when %s', async (_, happens) => {
    await readOnce('flag:a', '1');
    const reading = near.get('flag:b');
    happens(source.hearing!);
    source.asked.at(-1)!.answer('old');
    await reading;
    expect(near.stats.entries).toBe(0);
  });

  it('lets calls of one key share an answer, and an error', async () => {
    const both = [near.get('flag:a'), near.get('flag:a')];
    source.asked[0]!.answer('1');
    expect(await Promise.all(both)).toEqual(['1', '1']);
    tell('flag:a');
    const failing = [near.get('flag:a'), near.get('flag:a')];
    source.asked[1]!.fail(new ConnectionLostError('lost'));
    for (const one of failing) await expect(one).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await readOnce('flag:a', '2');
  });

  it('keeps a copy no longer than its key lives, and never longer than nearMs', async () => {
    await readOnce('flag:short', '1', 100);
    await readOnce('flag:long', '1', 5_000);
    await readOnce('flag:gone', '1', NOT_THERE);
    expect(near.stats.entries).toBe(2);
    await clock.advance(100);
    await readOnce('flag:short', '2');
    expect(await near.get('flag:long')).toBe('1');
    await clock.advance(900);
    await readOnce('flag:long', '3');
  });

  it('keeps what is asked for again, within its bounds', async () => {
    await readOnce('flag:kept', '1');
    await near.get('flag:kept');
    for (let i = 0; i < 10; i++) await readOnce(`flag:${String(i)}`, '1');
    expect(near.stats.entries).toBe(3);
    const { hits } = near.stats;
    await near.get('flag:kept');
    expect(near.stats.hits).toBe(hits + 1);
  });

  it('fails as long as it was refused from the first, and works as soon as it is not', async () => {
    const refused = new HeldSource();
    refused.refusal = new CommandRejectedError('NOPERM');
    const other = new NearKeys(refused, OPTIONS, clock);
    other.start();
    await turns(3);
    await expect(other.get('flag:a')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(other.whenReady()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(other.stats).toMatchObject({ isHearing: false, isDeaf: true });
    refused.refusal = null;
    await clock.advance(1_000);
    await other.whenReady();
    expect(other.stats).toMatchObject({ isHearing: true, isDeaf: false });
    other.close();
  });

  it('asks Redis each time where it was refused later', async () => {
    await readOnce('flag:a', '1');
    source.hearing!.onLost();
    for (const value of ['1', '2']) await readOnce('flag:a', value);
    expect(near.stats).toMatchObject({ hits: 0, misses: 3, entries: 0, isDeaf: true });
  });

  it('does not take for heard what was lost before it had the channel', async () => {
    const brief = new HeldSource();
    const other = new NearKeys(brief, OPTIONS, clock);
    other.start();
    brief.hearing!.onLost();
    await turns(3);
    expect(other.stats).toMatchObject({ isHearing: false });
    brief.hearing!.onHearing();
    expect(other.stats).toMatchObject({ isHearing: true });
    other.close();
  });

  it('says how long it has waited in vain, and ends the wait when it is closed', async () => {
    const silent = new NearKeys(
      { read: () => new Promise(() => undefined), listen: () => new Promise(() => undefined) },
      OPTIONS,
      clock,
    );
    silent.start();
    const waiting = silent.whenReady(500).catch((error: unknown) => error);
    await clock.advance(500);
    expect(await waiting).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    const closed = silent.whenReady().catch((error: unknown) => error);
    silent.close();
    expect(await closed).toMatchObject({ code: 'CLOSED' });
    await expect(silent.get('flag:a')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

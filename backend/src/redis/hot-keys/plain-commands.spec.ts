import { seededRandom } from '../../../test/support/random-histories.js';
import { resolveOptions } from '../config/index.js';
import { EventBus } from '../base/events/index.js';
import { ManualClock } from '../testing/index.js';
import { HotKeys } from './hot-keys.js';
import { PlainCommands } from './plain-commands.js';

describe('PlainCommands', () => {
  let clock: ManualClock;
  let keys: HotKeys;
  let plain: PlainCommands;

  const open = (level: 'watch' | 'on'): void => {
    clock = new ManualClock();
    const { options } = resolveOptions({ mode: 'memory', hotKeys: { level } });
    const random = seededRandom(1);
    keys = new HotKeys(options.hotKeys, { clock, bus: new EventBus(), random });
    plain = new PlainCommands(keys.open(null, { maySpare: true })!, clock);
  };
  const countsOf = (name: string, ...args: unknown[]): string[] => {
    open('watch');
    for (let i = 0; i < 10; i++) plain.note(name, args);
    return keys.report.top
      .map(({ key, readsPerMinute }) => `${key} ${readsPerMinute > 0 ? 'read' : 'written'}`)
      .sort();
  };
  const heat = async (key: string): Promise<void> => {
    for (let i = 0; i < 1_000; i++) plain.note('get', [key]);
    await clock.advance(1_000);
  };
  let sent = 0;
  const send = (): Promise<unknown> => {
    sent++;
    return new Promise(() => undefined);
  };
  const sentFor = (name: string, args: unknown[], encoding: 'utf8' | null = 'utf8'): number => {
    sent = 0;
    for (let i = 0; i < 3; i++) void plain.run({ name, args, encoding }, send);
    return sent;
  };

  it.each([
    ['get', ['a'], ['a read']],
    ['set', ['a', '1'], ['a written']],
    ['mget', ['a', 'b'], ['a read', 'b read']],
    ['mget', [['a', 'b']], ['a read', 'b read']],
    ['mset', ['a', '1', 'b', '2'], ['a written', 'b written']],
    ['hget', ['a', 'f'], ['a read']],
    ['incr', ['a'], ['a written']],
    ['get', [Buffer.from('a')], ['a read']],
    ['get', [7], ['7 read']],
    ['evalsha', ['0123', 2, 'a', 'b', 'x'], ['a written', 'b written']],
    ['ping', [], []],
    ['nobody.knows', ['a'], []],
  ])('counts the keys of %s %j', (name, args, counted) => {
    expect(countsOf(name, ...args)).toEqual(counted);
  });

  it('counts the first hundred keys of a command', () => {
    open('watch');
    for (let i = 0; i < 20; i++) {
      const others = Array.from({ length: 99 }, (_, j) => `k${String(i)}.${String(j)}`);
      plain.note('mget', [...others, 'hundredth', 'late']);
    }
    const top = keys.report.top.map(({ key }) => key);
    expect(top[0]).toBe('hundredth');
    expect(top).not.toContain('late');
  });

  it('leaves a call without a name to whoever refuses it', () => {
    open('watch');
    expect(() => {
      plain.note(undefined as never, []);
    }).not.toThrow();
    expect(keys.report.top).toEqual([]);
  });

  it('sends each read while no key is hot', () => {
    open('on');
    expect(plain.sharesReads).toBe(false);
  });

  it('never lets reads share an answer where hot keys are only watched', async () => {
    open('watch');
    await heat('a');
    expect(keys.report.hot.reads).toBe(1);
    expect(plain.sharesReads).toBe(false);
  });

  it('lets reads of a hot key share an answer, and of no other key', async () => {
    open('on');
    await heat('a');
    expect(plain.sharesReads).toBe(true);
    expect(sentFor('get', ['a'])).toBe(1);
    expect(sentFor('hget', ['a', 'f'])).toBe(1);
    expect(sentFor('get', ['b'])).toBe(3);
    expect(keys.report.sparedReads).toBe(2);
  });

  it('shares nothing that somebody could change, and nothing that is not the same', async () => {
    open('on');
    await heat('a');
    expect(sentFor('get', ['a'], null)).toBe(3);
    expect(sentFor('hgetall', ['a'])).toBe(3);
    expect(sentFor('set', ['a', '1'])).toBe(3);
    expect(sentFor('get', [Buffer.from('a')])).toBe(3);
    sent = 0;
    void plain.run({ name: 'hget', args: ['a', 'f b'], encoding: 'utf8' }, send);
    void plain.run({ name: 'hget', args: ['a', 'f'], encoding: 'utf8' }, send);
    expect(sent).toBe(2);
  });
});

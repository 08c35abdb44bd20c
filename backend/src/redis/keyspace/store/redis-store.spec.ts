import { setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { nameOf } from './group-listing.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import { RedisStore } from './redis-store.js';
import { SlotNames } from './slot-names.js';
import { HybridClock, writeStamp, type Stamp } from './stamp.js';

type Args = readonly (string | Buffer | number)[];

interface Sent {
  readonly name: string;
  readonly args: Args;
  readonly options: RunOptions;
}

/** A port that answers as the test says, and notes what was sent. */
class ToldPort implements RedisPort {
  readsFromReplicas = false;
  readonly sent: Sent[] = [];
  readonly answers: unknown[] = [];
  /** Answers instead, where the test says so. */
  answer: ((name: string, args: Args) => unknown) | null = null;
  onRun: (name: string) => Promise<void> | void = () => undefined;

  async run(name: string, args: Args, options: RunOptions): Promise<unknown> {
    this.sent.push({ name, args, options });
    const answer = this.answer === null ? this.answers.shift() : this.answer(name, args);
    await this.onRun(name);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  onDataAtRisk(): () => void {
    return () => undefined;
  }

  onRecovery(): () => void {
    return () => undefined;
  }

  listen(): Promise<() => void> {
    return Promise.resolve(() => undefined);
  }
}

function bytesOf(stamp: Stamp): Buffer {
  const bytes = Buffer.alloc(16);
  writeStamp(stamp, bytes, 0);
  return bytes;
}

function refusal(reply: string): CommandRejectedError {
  return new CommandRejectedError(reply, { reply });
}

describe('RedisStore, of what is sent,', () => {
  let port: ToldPort;
  let clock: ManualClock;
  let stamps: HybridClock;
  let store: RedisStore;
  const dropOf = (ttlMs: number): Promise<number> =>
    store.drop({ group: 'g', stamp: stampNo(1), ttlMs });

  beforeEach(() => {
    port = new ToldPort();
    clock = new ManualClock();
    stamps = new HybridClock(clock, '00000000000000aa');
    store = new RedisStore(port, stamps, { timeoutMs: 70, clock });
  });

  it('lists a write in each of its groups, and only then writes it', async () => {
    port.answers.push([Buffer.from('5'), 1], [Buffer.from('7'), 1], 1);
    await store.apply(setOf('k', stampNo(1), { groups: ['g', 'h'] }));
    expect(port.sent.map(({ name }) => name)).toEqual(['evalsha', 'evalsha', 'evalsha']);
    expect(port.sent.map(({ args }) => args.slice(2, 2 + Number(args[1])))).toEqual([
      ['{g}:members', '{g}:mark'],
      ['{h}:members', '{h}:mark'],
      ['k', new SlotNames().lease('k'), new SlotNames().notes('k')],
    ]);
    // Within a minute of the earlier listing.
    expect(port.sent[2]!.args).toContain(60_005);
    for (const { options } of port.sent) {
      const script = { operation: null };
      expect(options).toEqual({ timeoutMs: 70, isIdempotent: true, onPrimary: true, script });
    }
  });

  it('lists a write again that arrived too late, up to three times', async () => {
    const listed = [Buffer.from('5'), 1];
    port.answers.push(listed, 2, listed, 1);
    const write = setOf('k', stampNo(1), { groups: ['g'] });
    expect(await store.apply(write)).toEqual({ kind: 'applied' });
    port.answers.push(listed, 2, listed, 2, listed, 2);
    await expect(store.apply(write)).rejects.toThrow(CommandTimeoutError);
    expect(port.sent).toHaveLength(4 + 6);
  });

  it('lists writes of one moment together, and takes what they replace out together', async () => {
    const old = bytesOf(stampNo(0));
    port.answer = (name, args) => {
      if (name === 'zrem') return args.length - 1;
      const isList = args[2] === '{g}:members';
      return isList ? [Buffer.from('5'), 1, 1, 1] : [1, Buffer.from(''), 2, old, Buffer.from('g')];
    };
    const keys = ['a', 'b', 'c'];
    const writes = keys.map((key) => setOf(key, stampNo(1), { groups: ['g'] }));
    await Promise.all(writes.map((write) => store.apply(write)));
    await store.settled();
    const scripts = port.sent.filter(({ name }) => name === 'evalsha');
    expect(scripts.map(({ args }) => args[2])).toEqual(['{g}:members', ...keys]);
    expect(port.sent).toHaveLength(5);
    const gone = keys.map((key) => nameOf(stampNo(0), key));
    expect(port.sent.at(-1)!.args).toEqual(['{g}:members', ...gone]);
  });

  it('sends the script itself where it is not known, with the same arguments and options', async () => {
    port.answers.push(refusal('NOSCRIPT'), 1);
    expect(await store.apply(setOf('k', stampNo(1)))).toEqual({ kind: 'applied' });
    const [first, second] = port.sent;
    expect(second!.name).toBe('eval');
    expect(String(second!.args[0])).toContain('redis.pcall');
    expect(second!.args.slice(1)).toEqual(first!.args.slice(1));
    expect(second!.options).toEqual(first!.options);
  });

  it.each([
    ['Redis refuses it', refusal('OOM')],
    ['there is no answer', new CommandTimeoutError('late')],
  ])('rejects as the port does when %s', async (_, error) => {
    const calls: (() => Promise<unknown>)[] = [
      () => store.apply(setOf('k', stampNo(1))),
      () => store.read(['k']),
      () => store.readOne('k'),
      () => store.readPrimary(['k', 'l']),
      () => store.members('g'),
      () => dropOf(1_000),
      () => dropOf(0),
      () => store.increment('n', 1, null),
      () => store.takeIfFree('l', 'me', 1),
      () => store.giveBack('l', 'me'),
      () => store.renew('l', 'me', 1),
      () => store.release('l', 'me'),
      () => store.claim({ key: 'k', token: 't', leaseMs: 1, seen: null }),
    ];
    for (const call of calls) {
      port.sent.length = 0;
      port.answers.push(error);
      await expect(call()).rejects.toBe(error);
      const names = new Set(port.sent.map(({ args }) => args[0]));
      expect(names.size).toBe(1);
    }
  });

  it('learns from what is newer, wherever it meets it', async () => {
    const ahead = (s: number): Stamp => ({
      ...stamps.next(),
      wallMs: stamps.next().wallMs + s * 1_000,
    });
    const [write, mark, member] = [ahead(1), ahead(2), ahead(3)];
    port.answers.push(bytesOf(write));
    expect(await store.apply(setOf('k', stampNo(1)))).toEqual({ kind: 'superseded', by: write });
    expect(stamps.next().wallMs).toBe(write.wallMs);
    const given = bytesOf(stampNo(1));
    port.answers.push([given, bytesOf(mark), []]);
    expect(await dropOf(1_000)).toBe(0);
    expect(stamps.next().wallMs).toBe(mark.wallMs);
    const name = nameOf(stampNo(0), 'k');
    port.answers.push([given, Buffer.alloc(0), [name]], [0, 1, 2, bytesOf(member)]);
    expect(await dropOf(1_000)).toBe(0);
    expect(stamps.next().wallMs).toBe(member.wallMs);
  });

  it('follows the index of a large group to its end, and counts what was there', async () => {
    const page = (next: string, ...keys: string[]): unknown[] => [
      Buffer.from(next),
      keys.flatMap((key) => [nameOf(stampNo(0), key), Buffer.from('inf')]),
    ];
    const [mark, ended, missing] = [bytesOf(stampNo(1)), [1, 1, 2, bytesOf(stampNo(0))], [0, 1, 0]];
    port.answers.push([mark, Buffer.alloc(0), null], page('7', 'a', 'b'), ended, missing);
    // The names that are over are removed from the index meanwhile.
    port.answers.push(2, page('3'), page('0', 'c'), ended);
    expect(await dropOf(1_000)).toBe(2);
    const scans = port.sent.filter(({ name }) => name === 'zscan');
    expect(scans.map(({ args }) => args)).toEqual([
      ['{g}:members', '0', 'COUNT', 500],
      ['{g}:members', '7', 'COUNT', 500],
      ['{g}:members', '3', 'COUNT', 500],
      ['g:members', '0', 'COUNT', 500],
    ]);
    const members = port.sent.filter(({ name }) => name === 'evalsha').slice(1);
    expect(members.map(({ args }) => args[2])).toEqual(['a', 'b', 'c']);
  });

  it('gives a drop one deadline over all members, and says how far it came', async () => {
    store = new RedisStore(port, stamps, { timeoutMs: 70, clock, dropTimeoutMs: 1_000 });
    const page = [Buffer.from('7'), [nameOf(stampNo(0), 'a'), Buffer.from('inf')]];
    const mark = bytesOf(stampNo(1));
    port.answers.push([mark, Buffer.alloc(0), null], page, [1, 1, 2, bytesOf(stampNo(0))], 1);
    port.answers.push(page);
    let scans = 0;
    port.onRun = async (name) => {
      if (name === 'zscan' && ++scans === 2) await clock.advance(1_001);
    };
    const marked: Stamp[] = [];
    const late = store.dropNow({ group: 'g', ttlMs: 1_000 }, (stamp) => marked.push(stamp));
    await expect(late).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT', details: { dropped: 1 } });
    expect(marked).toEqual([stampNo(1)]);
  });

  it('ends at an answer that makes no sense', async () => {
    port.answers.push(1, 'OK');
    expect(await dropOf(1_000)).toBe(0);
    port.answers.push('OK');
    expect(await store.members('g')).toEqual([]);
    port.answers.push('OK');
    expect(await store.read(['a', 'b'])).toEqual([null, null]);
    port.answers.push(7);
    expect(await store.read(['a'])).toEqual([null]);
  });

  it('asks for many keys in portions, and for none not at all', async () => {
    expect(await store.read([])).toEqual([]);
    expect(port.sent).toEqual([]);
    const keys = Array.from({ length: 1_001 }, (_, i) => `k${i}`);
    port.answer = (name, args) => args.map((key) => Buffer.from(`of ${String(key)}`));
    const read = await store.read(keys);
    expect(read.map(String)).toEqual(keys.map((key) => `of ${key}`));
    // The first ones are small, until it is known what the values are like.
    expect(Math.max(...port.sent.map(({ args }) => args.length))).toBe(500);
  });

  it('asks for large values few at a time', async () => {
    const body = Buffer.alloc(1_000_000);
    port.answer = (_name, args) => args.map(() => body);
    let [underWay, most] = [0, 0];
    port.onRun = async () => {
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay--;
    };
    const keys = Array.from({ length: 200 }, (_, i) => `large:${i}`);
    expect(await Promise.all([store.read(keys), store.readPrimary(keys)])).toEqual([
      keys.map(() => body),
      keys.map(() => body),
    ]);
    expect(most).toBe(4);
    // 4 MiB and no more, once they are known.
    const sizes = port.sent.map(({ args }) => args.length);
    expect(sizes.slice(4).every((size) => size <= 4)).toBe(true);
  });

  it('asks for a few, and waits for them, while it is not known how large values are', async () => {
    const body = Buffer.alloc(1_000_000);
    port.answer = (_name, args) => args.map(() => body);
    const sizesUnderWay: number[] = [];
    let [underWay, isKnown] = [0, false];
    port.onRun = async () => {
      const size = port.sent.at(-1)!.args.length;
      underWay += size;
      if (!isKnown) sizesUnderWay.push(underWay);
      await Promise.resolve();
      underWay -= size;
      isKnown = true;
    };
    const keys = Array.from({ length: 100 }, (_, i) => `unknown:${i}`);
    expect(await store.read(keys)).toHaveLength(100);
    expect(sizesUnderWay).toEqual([8]);
    expect(underWay).toBe(0);
  });

  it('says whether reads may lag behind', () => {
    expect(store.mayLag).toBe(false);
    port.readsFromReplicas = true;
    expect(store.mayLag).toBe(true);
  });

  it('tells changes on the channel of the write, or else on its own', async () => {
    store = new RedisStore(port, stamps, { timeoutMs: 70, clock, channel: 'own' });
    port.answers.push(1, 1);
    await store.apply(setOf('k', stampNo(1)));
    await store.apply(setOf('k', stampNo(1), { channel: 'other' }));
    expect(port.sent.map(({ args }) => args.includes('own'))).toEqual([true, false]);
    expect(port.sent.map(({ args }) => args.includes('other'))).toEqual([false, true]);
  });
});

import { setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import { groupIndexKey, groupMarkKey, RedisStore } from './redis-store.js';
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

  async run(name: string, args: Args, options: RunOptions): Promise<unknown> {
    this.sent.push({ name, args, options });
    const answer = this.answers.shift();
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
  let stamps: HybridClock;
  let store: RedisStore;
  const dropOf = (ttlMs: number): Promise<number> =>
    store.drop({ group: 'g', stamp: stampNo(1), ttlMs });

  beforeEach(() => {
    port = new ToldPort();
    stamps = new HybridClock(new ManualClock(), '00000000000000aa');
    store = new RedisStore(port, stamps, { timeoutMs: 70 });
  });

  it('names the groups of a write by their index and mark', async () => {
    port.answers.push(1);
    await store.apply(setOf('k', stampNo(1), { groups: ['g', 'h'] }));
    const { name, args, options } = port.sent[0]!;
    expect(name).toBe('evalsha');
    expect(args.slice(1, 7)).toEqual([5, 'k', 'g:members', 'g:mark', 'h:members', 'h:mark']);
    expect(options).toEqual({ timeoutMs: 70, isIdempotent: true, onPrimary: true });
    expect([groupIndexKey('g'), groupMarkKey('g')]).toEqual(['g:members', 'g:mark']);
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
      () => store.claim({ key: 'k', leaseKey: 'l', token: 't', leaseMs: 1, seen: null }),
    ];
    for (const call of calls) {
      port.sent.length = 0;
      port.answers.push(error);
      await expect(call()).rejects.toBe(error);
      expect(port.sent).toHaveLength(1);
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
    port.answers.push(bytesOf(mark), [Buffer.from('0'), []]);
    expect(await dropOf(1_000)).toBe(0);
    expect(stamps.next().wallMs).toBe(mark.wallMs);
    port.answers.push(1, [Buffer.from('0'), [Buffer.from('k'), Buffer.from('1')]], bytesOf(member));
    expect(await dropOf(1_000)).toBe(0);
    expect(stamps.next().wallMs).toBe(member.wallMs);
  });

  it('follows the index of a group to its end, and counts what was there', async () => {
    const page = (next: string, ...names: string[]): unknown[] => [
      Buffer.from(next),
      names.flatMap((name) => [Buffer.from(name), Buffer.from('inf')]),
    ];
    port.answers.push(1, page('7', 'a', 'b'), 1, 0, page('3'), page('0', 'c'), 1);
    expect(await dropOf(1_000)).toBe(2);
    const scans = port.sent.filter(({ name }) => name === 'zscan');
    expect(scans.map(({ args }) => args)).toEqual(
      ['0', '7', '3'].map((cursor) => ['g:members', cursor, 'COUNT', 500]),
    );
    const members = port.sent.filter(({ name }) => name === 'evalsha').slice(1);
    expect(members.map(({ args }) => args[2])).toEqual(['a', 'b', 'c']);
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
    const found = Array.from({ length: 500 }, () => null);
    port.answers.push(found, found, Buffer.from('last'));
    const read = await store.read(keys);
    expect(read).toHaveLength(1_001);
    expect(read.at(-1)).toEqual(Buffer.from('last'));
    expect(port.sent.map(({ name }) => name)).toEqual(['mget', 'mget', 'get']);
  });

  it('says whether reads may lag behind', () => {
    expect(store.mayLag).toBe(false);
    port.readsFromReplicas = true;
    expect(store.mayLag).toBe(true);
  });

  it('tells changes on the channel of the write, or else on its own', async () => {
    store = new RedisStore(port, stamps, { timeoutMs: 70, channel: 'own' });
    port.answers.push(1, 1);
    await store.apply(setOf('k', stampNo(1)));
    await store.apply(setOf('k', stampNo(1), { channel: 'other' }));
    expect(port.sent.map(({ args }) => args.includes('own'))).toEqual([true, false]);
    expect(port.sent.map(({ args }) => args.includes('other'))).toEqual([false, true]);
  });
});

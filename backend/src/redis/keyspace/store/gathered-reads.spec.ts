import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { GatheredReads } from './gathered-reads.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import { ValueSizes } from './sized-reads.js';

type Outcome = Buffer | null | Error;

interface Sent {
  readonly name: string;
  readonly keys: readonly string[];
  readonly terms: RunOptions;
}

const NOPERM = new CommandRejectedError('no permission', { reply: 'NOPERM' });
const WRONGTYPE = new CommandRejectedError('a list', { reply: 'WRONGTYPE' });
const TIMEOUT_MS = 70;

/** A Redis that holds what the test says. */
class HeldPort implements Pick<RedisPort, 'run'> {
  readonly sent: Sent[] = [];
  readonly values = new Map<string, Outcome>();
  /** Replaces the answers to a command. */
  onRun: (name: string) => Promise<void> | void = () => undefined;

  async run(
    name: string,
    args: readonly (string | Buffer | number)[],
    terms: RunOptions,
  ): Promise<unknown> {
    const keys = args.map(String);
    this.sent.push({ name, keys, terms });
    await this.onRun(name);
    const found = keys.map((key) => this.values.get(key) ?? null);
    if (name === 'mget') return found.map((one) => (one instanceof Error ? null : one));
    if (found[0] instanceof Error) throw found[0];
    return found[0];
  }
}

describe('GatheredReads', () => {
  let port: HeldPort;
  let clock: ManualClock;
  let reads: GatheredReads;
  const read = (key: string): Promise<Outcome> =>
    new Promise((give, fail) => {
      reads.ask(key, give, fail);
    });
  const readAll = (...keys: string[]): Promise<Outcome[]> => Promise.all(keys.map(read));
  const outcomes = (...keys: string[]): Promise<PromiseSettledResult<Outcome>[]> =>
    Promise.allSettled(keys.map(read));
  const hold = (key: string, bytes = 1): Buffer => {
    const value = Buffer.alloc(bytes, key);
    port.values.set(key, value);
    return value;
  };
  const sent = (): string[] => port.sent.map(({ name, keys }) => `${name} ${keys.join(' ')}`);
  /** Lets it be known how large the values of a keyspace are. */
  const learn = async (keyspace: string, bytes = 1): Promise<void> => {
    hold(`${keyspace}:known`, bytes);
    await read(`${keyspace}:known`);
    port.sent.length = 0;
  };

  beforeEach(async () => {
    port = new HeldPort();
    clock = new ManualClock();
    const sizes = new ValueSizes();
    reads = new GatheredReads(port as unknown as RedisPort, clock, {
      timeoutMs: TIMEOUT_MS,
      sizes,
    });
    await learn('k');
  });

  it('are sent also where a test has faked the turns of the event loop', async () => {
    hold('k:a');
    hold('k:b');
    jest.useFakeTimers();
    try {
      expect(await readAll('k:a', 'k:b')).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('sends what is asked for in one turn together, and gives each caller his own', async () => {
    const [a, c] = [hold('k:a'), hold('k:c')];
    expect(await readAll('k:a', 'k:b', 'k:c')).toEqual([a, null, c]);
    expect(sent()).toEqual(['mget k:a k:b k:c']);
    expect(port.sent[0]!.terms).toEqual({ timeoutMs: TIMEOUT_MS, isIdempotent: true });
  });

  it('sends what is asked for alone by itself', async () => {
    const a = hold('k:a');
    expect(await read('k:a')).toBe(a);
    expect(await read('k:b')).toBeNull();
    expect(sent()).toEqual(['get k:a', 'get k:b']);
  });

  it('waits for nobody: it has sent before the turn of the event loop is over', async () => {
    const both = readAll('k:a', 'k:b');
    expect(sent()).toEqual([]);
    const next = new Promise<string[]>((resolve) => {
      process.nextTick(() => {
        resolve(sent());
      });
    });
    expect(await next).toEqual(['mget k:a k:b']);
    await both;
  });

  it('sends at once what it is told to send, and not again', async () => {
    const both = readAll('k:a', 'k:b');
    reads.sendAll();
    expect(sent()).toEqual(['mget k:a k:b']);
    await both;
    expect(sent()).toHaveLength(1);
  });

  it('takes each keyspace for itself', async () => {
    await learn('l');
    await readAll('k:a', 'l:a', 'k:b', 'l:b');
    expect(sent()).toEqual(['mget k:a k:b', 'mget l:a l:b']);
  });

  it('reads each key by itself until it is known how large values are, which misses do not tell', async () => {
    hold('new:c');
    await readAll('new:a', 'new:b');
    await readAll('new:a', 'new:c');
    await readAll('new:a', 'new:b');
    expect(sent()).toEqual([
      'get new:a',
      'get new:b',
      'get new:a',
      'get new:c',
      'mget new:a new:b',
    ]);
  });

  it('reads large values each by itself, and small ones beside them together', async () => {
    await learn('large', 100_000);
    await readAll('large:a', 'k:a', 'large:b', 'k:b');
    expect(sent()).toEqual(['get large:a', 'get large:b', 'mget k:a k:b']);
  });

  it('stops to read together when values turn out to be large, and begins again when they are small', async () => {
    hold('k:large', 100_000);
    await readAll('k:large', 'k:a');
    await readAll('k:large', 'k:a');
    expect(sent()).toEqual(['mget k:large k:a', 'get k:large', 'get k:a']);
    for (let i = 0; i < 30; i++) await read('k:known');
    port.sent.length = 0;
    await readAll('k:a', 'k:b');
    expect(sent()).toEqual(['mget k:a k:b']);
  });

  it('lets no reply become much larger than a portion', async () => {
    await learn('k', 4_096);
    const keys = Array.from({ length: 100 }, (_, i) => `k:${String(i)}`);
    for (const key of keys) hold(key, 4_096);
    const found = await readAll(...keys);
    expect(found.map((value) => (value as Buffer).length)).toEqual(keys.map(() => 4_096));
    const counts = port.sent.map(({ keys: { length } }) => length);
    expect(Math.max(...counts) * 4_096).toBeLessThanOrEqual(256 * 1024);
    expect(counts.length).toBeGreaterThan(1);
  });

  it('takes a key of another type for nothing, alone and among others', async () => {
    port.values.set('k:list', WRONGTYPE);
    const a = hold('k:a');
    expect(await readAll('k:list', 'k:a')).toEqual([null, a]);
    expect(await read('k:list')).toBeNull();
  });

  it('fails for each caller when there is no answer', async () => {
    const late = new CommandTimeoutError('late');
    port.onRun = () => {
      throw late;
    };
    const rejected = { status: 'rejected', reason: late };
    expect(await outcomes('k:a', 'k:b')).toEqual([rejected, rejected]);
    expect(sent()).toEqual(['mget k:a k:b']);
  });

  it('asks for each key by itself when Redis refuses, so that a key that may not be read is no loss to others', async () => {
    port.onRun = (name) => {
      if (name === 'mget') throw NOPERM;
    };
    const a = hold('k:a');
    port.values.set('k:secret', NOPERM);
    expect(await outcomes('k:a', 'k:secret')).toEqual([
      { status: 'fulfilled', value: a },
      { status: 'rejected', reason: NOPERM },
    ]);
  });

  it('gives callers no more time for that than they had', async () => {
    port.onRun = async (name) => {
      if (name !== 'mget') return;
      await clock.advance(30);
      throw NOPERM;
    };
    await readAll('k:a', 'k:b');
    expect(port.sent.map(({ terms }) => terms.timeoutMs)).toEqual([70, 40, 40]);
  });

  it('tries a minute later whether Redis still refuses', async () => {
    port.onRun = (name) => {
      if (name === 'mget') throw NOPERM;
    };
    await readAll('k:a', 'k:b');
    port.onRun = () => undefined;
    port.sent.length = 0;
    await clock.advance(59_999);
    await readAll('k:a', 'k:b');
    await clock.advance(1);
    await readAll('k:a', 'k:b');
    expect(sent()).toEqual(['get k:a', 'get k:b', 'mget k:a k:b']);
  });

  it('answers a reply that makes no sense with nothing', async () => {
    jest.spyOn(port, 'run').mockResolvedValue('OK');
    expect(await readAll('k:a', 'k:b')).toEqual([null, null]);
  });
});

import { CommandRejectedError } from '../base/errors/index.js';
import { askServerForHotKeys } from './server-hot-keys.js';

// What Redis 8.6 answers, by its documentation and by the replies that clients are tested with.
const FIELDS = [
  ...['tracking-active', 0, 'sample-ratio', 5, 'selected-slots', [[0, 16383]]],
  ...['all-commands-all-slots-us', 220, 'net-bytes-all-commands-all-slots', 200],
  ...['collection-start-time-unix-ms', 1769420604522, 'collection-duration-ms', 2000],
  ...['by-cpu-time-us', ['x', 104, 'y', '98'], 'by-net-bytes', ['y', 1000]],
];

/** A server that answers `HOTKEYS`, and writes down what it was told and how long nobody asked. */
function server(reply: unknown) {
  const heard: string[] = [];
  return {
    heard,
    run: (...words: string[]): Promise<unknown> => {
      heard.push(words.join(' '));
      if (words[0] === 'command') return Promise.resolve([['hotkeys', -2]]);
      return Promise.resolve(words[1] === 'GET' ? reply : 'OK');
    },
    sleep: (ms: number): Promise<void> => {
      heard.push(`${String(ms)} ms`);
      return Promise.resolve();
    },
  };
}

describe('askServerForHotKeys', () => {
  it.each([
    ['a flat list', FIELDS],
    ['a list in a list', [FIELDS]],
  ])('has the server look, waits, and tells what it has found (%s)', async (_how, reply) => {
    const { heard, run, sleep } = server(reply);
    expect(await askServerForHotKeys(run, { seconds: 2, sampleEvery: 5 }, sleep)).toEqual({
      byCpuMicroseconds: [
        { key: 'x', amount: 104 },
        { key: 'y', amount: 98 },
      ],
      byNetBytes: [{ key: 'y', amount: 1000 }],
      durationMs: 2000,
      sampledEvery: 5,
    });
    expect(heard).toEqual([
      'command INFO hotkeys',
      'hotkeys START METRICS 2 CPU NET COUNT 10 DURATION 2 SAMPLE 5',
      '2050 ms',
      'hotkeys GET',
      'hotkeys RESET',
    ]);
  });

  it('returns null where the server does not know the command', async () => {
    const heard: string[] = [];
    const { sleep } = server(null);
    const run = (...words: string[]): Promise<unknown> => {
      heard.push(words.join(' '));
      return Promise.resolve([null]);
    };
    expect(await askServerForHotKeys(run, {}, sleep)).toBeNull();
    expect(heard).toEqual(['command INFO hotkeys']);
  });

  it('returns null when the result is gone, as after a failover', async () => {
    const { run, sleep } = server(null);
    expect(await askServerForHotKeys(run, {}, sleep)).toBeNull();
  });

  it('passes on any other refusal, such as a missing right or a search of somebody else', async () => {
    const { sleep } = server(null);
    const run = (): Promise<unknown> =>
      Promise.reject(
        new CommandRejectedError("NOPERM User app has no permissions to run 'hotkeys'"),
      );
    await expect(askServerForHotKeys(run, {}, sleep)).rejects.toThrow('NOPERM');
  });

  it('refuses options that make no sense, with what to write instead', async () => {
    const { run, sleep, heard } = server(null);
    await expect(askServerForHotKeys(run, { seconds: 0 }, sleep)).rejects.toThrow('seconds');
    await expect(askServerForHotKeys(run, { second: 1 } as object, sleep)).rejects.toThrow(
      'seconds',
    );
    expect(heard).toEqual([]);
  });
});

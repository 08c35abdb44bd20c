import { option, OptionSet, wholeNumber, type RowsOf } from '../base/options/index.js';

/** How the server looks for its hot keys. */
export interface ServerHotKeysOptions {
  /** How long it looks, in seconds. @defaultValue 10 */
  readonly seconds?: number;
  /** How many keys it names at most. @defaultValue 10 */
  readonly count?: number;
  /** It looks at one in so many commands. @defaultValue 10 */
  readonly sampleEvery?: number;
}

const ROWS = {
  seconds: option(wholeNumber(1, 600, 'seconds'), 10),
  count: option(wholeNumber(1, 64, 'keys'), 10),
  sampleEvery: option(wholeNumber(1, 1_000_000, 'commands'), 10),
} satisfies RowsOf<ServerHotKeysOptions>;

/** The options of `redis.hotKeysOfServer()`. */
const SERVER_HOT_KEYS = new OptionSet(ROWS, { path: '', example: '{ seconds: 10 }' });

/** A key as Redis has it, with `node.keyPrefix`, and what it cost. */
export interface ServerHotKey {
  readonly key: string;
  /** Microseconds of processor time, or bytes sent and received, among the commands that were looked at. */
  readonly amount: number;
}

/** What the server says of its keys. */
export interface ServerHotKeys {
  readonly byCpuMicroseconds: readonly ServerHotKey[];
  readonly byNetBytes: readonly ServerHotKey[];
  readonly durationMs: number;
  /** It looked at one in so many commands. */
  readonly sampledEvery: number;
}

// The server stops by itself; its answer may come a moment later.
const SETTLE_MS = 50;

/**
 * Has a server look for its hot keys: `HOTKEYS START`, and after a while `GET`. Returns `null` where it does not know
 * the command, or does not have the result any more.
 *
 * @param run - sends a command to the primary
 */
export async function askServerForHotKeys(
  run: (name: string, ...words: string[]) => Promise<unknown>,
  options: ServerHotKeysOptions,
  sleep: (ms: number) => Promise<void>,
): Promise<ServerHotKeys | null> {
  const { seconds, count, sampleEvery } = SERVER_HOT_KEYS.over(options, SERVER_HOT_KEYS.defaults);
  const words = [
    'METRICS',
    '2',
    'CPU',
    'NET',
    'COUNT',
    count,
    'DURATION',
    seconds,
    'SAMPLE',
    sampleEvery,
  ];
  const known = await run('command', 'INFO', 'hotkeys');
  if (!Array.isArray(known) || !Array.isArray(known[0])) return null;
  await run('hotkeys', 'START', ...words.map(String));
  await sleep(seconds * 1_000 + SETTLE_MS);
  const reply = await run('hotkeys', 'GET');
  // Another server is the primary now, or somebody else has had it forgotten.
  if (reply === null) return null;
  const found = fieldsOf(reply);
  // The server keeps what it has found until it is told that nobody wants it any more.
  await run('hotkeys', 'RESET');
  return {
    byCpuMicroseconds: keysIn(found.get('by-cpu-time-us')),
    byNetBytes: keysIn(found.get('by-net-bytes')),
    durationMs: Number(found.get('collection-duration-ms') ?? 0),
    sampledEvery: Number(found.get('sample-ratio') ?? sampleEvery),
  };
}

// A flat list of names and values; some servers put it into a list of its own.
function fieldsOf(reply: unknown): Map<string, unknown> {
  const list: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const [only] = list;
  const flat: readonly unknown[] = list.length === 1 && Array.isArray(only) ? only : list;
  return new Map(pairsOf(flat));
}

function keysIn(value: unknown): ServerHotKey[] {
  if (!Array.isArray(value)) return [];
  return pairsOf(value).map(([key, amount]) => ({ key, amount: Number(amount) }));
}

function pairsOf(list: readonly unknown[]): (readonly [string, unknown])[] {
  return list.flatMap((name, i) => (i % 2 === 0 ? [[String(name), list[i + 1]] as const] : []));
}

import { formatAddress } from '../../redis/base/address/index.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import { askServerForHotKeys, shownKey } from '../../redis/hot-keys/index.js';
import {
  APP_OPTION,
  appUrl,
  askAppMetrics,
  listAt,
  numberAt,
  shownText,
  textAt,
} from '../app-health/index.js';
import { CliError, type CommandIo, confirm, defineCommand, EXIT } from '../frame/index.js';
import { NodeLink } from '../node-link/index.js';
import {
  CONNECTION_OPTIONS,
  connectionFrom,
  isReached,
  reach,
  type Reached,
  type ReachOptions,
  survey,
  SURVEY_DEADLINE_MS,
  type SurveyedNode,
} from '../reach/index.js';
import { drawTable, type Screen } from '../screen/index.js';
import { hearKeys } from './monitored-keys.js';

const SECONDS = 5;
const KEYS = 10;
const MAX_COMMANDS = 100_000;
const clock = new SystemClock();

/** `hot-keys` */
export const command = defineCommand({
  summary: 'Name the keys that are accessed most, by an application or by the primary',
  details: `With --app it says what that application counts itself, which costs nothing. Else the primary is asked with HOTKEYS, which servers have since Redis 8.6. Where it does not know that, every command of the primary is listened to for a while (MONITOR, at most ${String(MAX_COMMANDS)} commands): that slows the primary down, and is confirmed first. Keys are shown as # and the first digits of their SHA-256.`,
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    ...APP_OPTION,
    seconds: {
      kind: 'number',
      value: 'n',
      min: 1,
      max: 60,
      about: `how long the primary looks (${String(SECONDS)})`,
    },
    count: {
      kind: 'number',
      value: 'n',
      min: 1,
      max: 64,
      about: `how many keys are named (${String(KEYS)})`,
    },
    monitor: { kind: 'flag', about: 'listen to the primary without asking first' },
    'show-keys': { kind: 'flag', about: 'whole keys: they may hold names of people' },
  },
  examples: [
    ['hot-keys --app http://localhost:3000', 'what an application counts'],
    ['hot-keys --seconds 10', 'what the primary says'],
    ['hot-keys --monitor --show-keys', 'whole keys, without a question'],
  ],
  run: async ({ options }, io) => {
    const count = options.count ?? KEYS;
    const seconds = options.seconds ?? SECONDS;
    if (options.app !== null && options['show-keys']) {
      throw CliError.misused(
        '--show-keys is not for --app',
        'The application decides how it shows keys: hotKeys.showKeys',
      );
    }
    const found =
      options.app === null
        ? await ofServer(connectionFrom(options, io), io, {
            ...{ seconds, count },
            isConfirmed: options.monitor,
          })
        : ofApp(await askAppMetrics(appUrl(options.app), io.signal));
    const how = options['show-keys'] ? 'whole' : 'hash';
    const keys = found.keys.slice(0, count).map((one) => ({
      ...one,
      key: found.source === 'app' ? one.key : shownText(shownKey(one.key, how)),
    }));
    if (options.json) io.out.line(JSON.stringify({ ...found, keys }));
    else for (const line of draw({ ...found, keys }, io.out)) io.out.line(line);
    return EXIT.done;
  },
});

/** A key, and what is known of it. */
interface FoundKey {
  readonly key: string;
  readonly namespace: string | null;
  readonly readsPerMinute: number | null;
  readonly writesPerMinute: number | null;
  readonly cpuMicroseconds: number | null;
  readonly netBytes: number | null;
  readonly hotSince: string | null;
}

/** The JSON document of `hot-keys`. */
interface Found {
  /** Who has counted. */
  readonly source: 'app' | 'server' | 'monitor';
  readonly node: string | null;
  readonly seconds: number | null;
  /** How many commands were looked at; `null` where nobody says. */
  readonly commands: number | null;
  readonly keys: readonly FoundKey[];
}

const NOTHING = {
  ...{ namespace: null, readsPerMinute: null, writesPerMinute: null },
  ...{ cpuMicroseconds: null, netBytes: null, hotSince: null },
} as const;

function ofApp(metrics: unknown): Found {
  const keys = listAt(metrics, 'hot_keys', 'top').map((one): FoundKey => ({
    ...NOTHING,
    key: textAt(one, 'key') ?? '',
    namespace: textAt(one, 'namespace'),
    readsPerMinute: numberAt(one, 'reads_per_minute'),
    writesPerMinute: numberAt(one, 'writes_per_minute'),
    hotSince: textAt(one, 'hot_since'),
  }));
  return { source: 'app', node: null, seconds: null, commands: null, keys };
}

interface Asking {
  readonly seconds: number;
  readonly count: number;
  readonly isConfirmed: boolean;
}

async function ofServer(redis: ReachOptions, io: CommandIo, asking: Asking): Promise<Found> {
  const { primary } = await survey(redis, io.now);
  if (primary === null || primary.fault !== null) {
    const why = primary?.fault ?? 'nobody names one';
    throw new CliError(`the primary cannot be asked (${why})`, 'See nestjs-redis-ha status');
  }
  const server = await reach({
    ...{ address: primary.address, access: redis.node, whose: 'node' },
    deadlineMs: SURVEY_DEADLINE_MS,
  });
  if (!isReached(server)) {
    throw new CliError(
      `the primary cannot be asked (${server.reason})`,
      'See nestjs-redis-ha status',
    );
  }
  try {
    return (
      (await byServer(server, primary, { ...asking, signal: io.signal })) ??
      (await byMonitor(redis, primary, { ...asking, io }))
    );
  } finally {
    server.close();
  }
}

async function byServer(
  server: Reached,
  { announced }: SurveyedNode,
  { seconds, count, signal }: Asking & { readonly signal: AbortSignal },
): Promise<Found | null> {
  const found = await askServerForHotKeys(
    async (name, ...words) => server.ask(name, ...words),
    { seconds, count },
    (ms) => clock.sleep(ms, signal),
  );
  if (found === null) return null;
  const bytes = new Map(found.byNetBytes.map(({ key, amount }) => [key, amount]));
  const keys = found.byCpuMicroseconds.map(({ key, amount }) => ({
    ...{ ...NOTHING, key, cpuMicroseconds: amount },
    netBytes: bytes.get(key) ?? null,
  }));
  const node = formatAddress(announced);
  return { source: 'server', node, seconds: found.durationMs / 1_000, commands: null, keys };
}

async function byMonitor(
  redis: ReachOptions,
  { announced, address }: SurveyedNode,
  { seconds, isConfirmed, io }: Asking & { readonly io: CommandIo },
): Promise<Found> {
  const node = formatAddress(announced);
  const what = `${node} does not know HOTKEYS. To listen to all its commands for ${String(seconds)} s slows it down, by half when it is busy.`;
  await confirm({ what, word: 'monitor', option: 'monitor', isGiven: isConfirmed }, io);
  const link = await NodeLink.open(address, redis.node, io.signal);
  const limits = { forMs: seconds * 1_000, commands: MAX_COMMANDS };
  const { counts, commands, tookMs } = await hearKeys(link, limits);
  const perMinute = (times: number): number => Math.round((times * 60_000) / tookMs);
  const keys = [...counts]
    .sort((a, b) => b.reads + b.writes - (a.reads + a.writes) || (a.key < b.key ? -1 : 1))
    .map(({ key, reads, writes }) => ({
      ...{ ...NOTHING, key },
      readsPerMinute: perMinute(reads),
      writesPerMinute: perMinute(writes),
    }));
  const heardFor = Math.round(tookMs) / 1_000;
  return { source: 'monitor', node, seconds: heardFor, commands, keys };
}

function draw({ source, node, seconds, commands, keys }: Found, screen: Screen): string[] {
  const who =
    source === 'app'
      ? 'counted by the application'
      : `${String(seconds)} s of ${String(node)}${commands === null ? '' : `, ${String(commands)} commands`}`;
  if (keys.length === 0) return [`no key was accessed (${who})`];
  const cell = (value: string | number | null): string => (value === null ? '-' : String(value));
  const isPriced = source === 'server';
  const columns = isPriced
    ? [KEY, { title: 'cpu us', isNumber: true }, { title: 'net bytes', isNumber: true }]
    : [
        ...[KEY, { title: 'namespace' }, { title: 'reads/min', isNumber: true }],
        ...[{ title: 'writes/min', isNumber: true }, { title: 'hot since' }],
      ];
  const rows = keys.map((one) =>
    isPriced
      ? [one.key, cell(one.cpuMicroseconds), cell(one.netBytes)]
      : [
          ...[one.key, cell(one.namespace), cell(one.readsPerMinute)],
          ...[cell(one.writesPerMinute), cell(one.hotSince)],
        ],
  );
  return [...drawTable(columns, rows, screen.isTerminal ? screen.columns : null), '', who];
}

const KEY = { title: 'key', isFlexible: true } as const;

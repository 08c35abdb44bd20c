import { dollarsADay } from '../../app/cost/cost.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import { CliError, type CommandIo, defineCommand, EXIT } from '../frame/index.js';
import { CONNECTION_OPTIONS, connectionFrom, survey } from '../reach/index.js';
import { drawTable, formatBytes, Progress, type Screen } from '../screen/index.js';
import { type MeasuredServer, usageBetween } from './measured-usage.js';
import { type Budget, PRICE_OPTIONS, readBudget } from './prices.js';

const OVER_MS = 10_000;
const STEP_MS = 500;
const DAYS_A_MONTH = 30;
const clock = new SystemClock();

/** `cost` */
export const command = defineCommand({
  summary: 'Measure what each server uses, and what that costs a day and a month',
  details:
    'Memory and processor time between two looks, times the prices. Not in it: memory of Sentinels, which they do not tell; disks; traffic; applications.',
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    ...PRICE_OPTIONS,
    over: {
      kind: 'duration',
      minMs: 500,
      maxMs: 86_400_000,
      about: 'how long is measured (10s)',
    },
  },
  examples: [
    ['cost', 'ten seconds, at the prices of the environment'],
    ['cost --over 1h --price-core 15 --budget 40', 'an hour of work, at your prices'],
  ],
  exits: [
    [EXIT.done, 'within the budget'],
    [EXIT.unwell, 'above it, or a server could not be measured'],
    [EXIT.failed, 'no server could be measured'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ options }, io) => {
    const budget = readBudget(options, io.env);
    const redis = connectionFrom(options, io);
    const before = await survey(redis, io.now);
    await waitFor(options.over ?? OVER_MS, io);
    const servers = usageBetween(before, await survey(redis, io.now));
    if (servers.every(({ usage }) => usage === null)) {
      const [first] = servers;
      throw new CliError(
        `no server could be measured${first === undefined ? '' : ` (${first.server}: ${String(first.fault)})`}`,
        'See how they are: nestjs-redis-ha status',
      );
    }
    const bill = billOf(servers, budget);
    if (options.json) io.out.line(JSON.stringify(bill));
    else for (const line of drawBill(bill, io.out)) io.out.line(line);
    const isWhole = servers.every(({ usage }) => usage !== null);
    return isWhole && bill.shareOfBudget <= 1 ? EXIT.done : EXIT.unwell;
  },
});

async function waitFor(ms: number, { told, now, signal }: CommandIo): Promise<void> {
  const progress = new Progress(told, now);
  const begin = clock.now();
  for (let gone = 0; gone < ms; gone = clock.now() - begin) {
    signal.throwIfAborted();
    if (told.isTerminal) progress.show('measuring', gone / ms);
    await clock.sleep(Math.min(STEP_MS, ms - gone), signal);
  }
  signal.throwIfAborted();
  progress.clear();
}

/** The JSON document of `cost`. */
interface Bill {
  readonly servers: readonly PricedServer[];
  readonly dollarsADay: number;
  readonly dollarsAMonth: number;
  readonly budgetMonth: number;
  /** 1 is all of it. */
  readonly shareOfBudget: number;
  readonly prices: { readonly gigabyteMonth: number; readonly coreMonth: number };
}

interface PricedServer {
  readonly server: string;
  readonly role: MeasuredServer['role'];
  readonly fault: string | null;
  /** `null` where it is not known. */
  readonly memoryBytes: number | null;
  readonly cores: number | null;
  readonly dollarsADay: number | null;
}

function billOf(servers: readonly MeasuredServer[], { month, ...prices }: Budget): Bill {
  const priced = servers.map(({ server, role, fault, usage, isMemoryKnown }): PricedServer => {
    const memoryBytes = isMemoryKnown ? (usage?.memoryBytes ?? null) : null;
    const dollars = usage === null ? null : rounded(dollarsADay(usage, prices));
    const cores = usage === null ? null : rounded(usage.cores);
    return { server, role, fault, memoryBytes, cores, dollarsADay: dollars };
  });
  const day = servers.reduce(
    (sum, { usage }) => sum + (usage === null ? 0 : dollarsADay(usage, prices)),
    0,
  );
  return {
    servers: priced,
    dollarsADay: rounded(day),
    dollarsAMonth: rounded(day * DAYS_A_MONTH),
    budgetMonth: month,
    shareOfBudget: rounded((day * DAYS_A_MONTH) / month),
    prices,
  };
}

function drawBill(bill: Bill, screen: Screen): string[] {
  const rows = bill.servers.map(({ server, role, fault, memoryBytes, cores, ...cost }) => [
    server,
    role,
    memoryBytes === null ? '-' : formatBytes(memoryBytes),
    cores === null ? '-' : cores.toFixed(4),
    shown(cost.dollarsADay),
    cost.dollarsADay === null ? (fault ?? '-') : shown(cost.dollarsADay * DAYS_A_MONTH),
  ]);
  const total = ['all', '', '', '', shown(bill.dollarsADay), shown(bill.dollarsAMonth)];
  const columns = [
    { title: 'server', isFlexible: true },
    { title: 'role' },
    { title: 'memory', isNumber: true },
    { title: 'cores', isNumber: true },
    { title: '$ a day', isNumber: true },
    { title: '$ a month', isNumber: true },
  ];
  const { good, bad } = screen.styles;
  const mark = bill.shareOfBudget <= 1 ? good : bad;
  const share = mark(`${(bill.shareOfBudget * 100).toFixed(1)} %`);
  return [
    ...drawTable(columns, [...rows, total], screen.isTerminal ? screen.columns : null),
    '',
    `${share} of a budget of $${String(bill.budgetMonth)} a month, at $${String(bill.prices.gigabyteMonth)} for a gigabyte and $${String(bill.prices.coreMonth)} for a core`,
  ];
}

function shown(dollars: number | null): string {
  return dollars === null ? '-' : dollars.toFixed(4);
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

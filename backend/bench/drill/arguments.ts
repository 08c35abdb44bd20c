import {
  flag,
  orExplain,
  parseArguments,
  someText,
  usageOf,
  UsageError,
  wholeNumber,
} from '../common/arguments.js';

/** The faults there are: what happens, and the shortest run in which there is room for it. */
export const KINDS = {
  kill: { what: 'the primary is killed (SIGKILL) and started again 10 s later', leastSeconds: 45 },
  freeze: { what: 'the primary is frozen (SIGSTOP) and thaws 12 s later', leastSeconds: 45 },
  switchover: { what: 'the primary is moved on purpose, with switchover()', leastSeconds: 30 },
  'all-down': {
    what: 'all six processes are killed and come back empty 10 s later',
    leastSeconds: 60,
  },
  steady: { what: 'nothing happens; how much can it carry?', leastSeconds: 10 },
} as const;

/** One of them. */
export type Kind = keyof typeof KINDS;

/** What a drill was told. */
export interface DrillOrder {
  readonly kind: Kind;
  /** `null`: it is to be found. */
  readonly rate: number | null;
  readonly bareRate: number | null;
  readonly seconds: number;
  readonly out: string;
  readonly database: string | null;
  readonly keep: boolean;
  readonly noBuild: boolean;
}

const DEFAULT_RATE = 1200;
const DEFAULT_SECONDS = 60;
const MAX_RATE = 50_000;

const OPTIONS = {
  rate: wholeNumber(null, 'requests per second', { least: 10, most: MAX_RATE }),
  'bare-rate': wholeNumber(
    null,
    'requests per second for the bare client, 0 to leave it out; otherwise as --rate',
    { least: 0, most: MAX_RATE },
  ),
  seconds: wholeNumber(
    DEFAULT_SECONDS,
    'seconds of the measured run: a third before, during and after the fault',
    { least: 10, most: 600 },
  ),
  out: someText(null, 'where report.html and report.json go (.tmp/drill/<fault>)', 'FOLDER'),
  database: someText(null, 'a Postgres for the backends (all-down and steady start one)', 'URL'),
  keep: flag('keep the logs of the services beside the report'),
  'no-build': flag('take what is in dist as it is'),
};

/** How to call it. */
export function usage(): string {
  const kinds = Object.entries(KINDS).map(([kind, { what }]) => `  ${kind.padEnd(11)} ${what}`);
  return usageOf('npm run drill -- <fault> [options]', OPTIONS, [
    ...kinds,
    '',
    `Without --rate: ${DEFAULT_RATE}; steady finds the most that the machine carries.`,
  ]);
}

/** Reads the arguments; `null` when the explanation is wanted. Throws a UsageError for what cannot be meant. */
export function parseOrder(argv: readonly string[]): DrillOrder | null {
  const { words, values, isHelpWanted } = parseArguments(OPTIONS, argv);
  if (isHelpWanted) return null;
  const kind = kindOf(words);
  const { seconds, database, keep } = values;
  const { leastSeconds } = KINDS[kind];
  if (seconds < leastSeconds) {
    throw new UsageError(
      `--seconds ${seconds} leaves no room for ${kind}: give at least ${leastSeconds}.`,
    );
  }
  const rate = values.rate ?? (kind === 'steady' ? null : DEFAULT_RATE);
  return {
    kind,
    rate,
    bareRate: values['bare-rate'] ?? rate,
    seconds,
    out: values.out ?? `.tmp/drill/${kind}`,
    database,
    keep,
    noBuild: values['no-build'],
  };
}

/** What this process was told. Ends it when that was wrong, or when the explanation was asked for. */
export function orderOfThisProcess(): DrillOrder {
  return orExplain(usage(), () => parseOrder(process.argv.slice(2)));
}

function kindOf(words: readonly string[]): Kind {
  const known = Object.keys(KINDS).join(', ');
  const unknown = words.find((word) => !isKind(word));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is no fault. One of: ${known}.`);
  const [kind, other] = words.filter(isKind);
  if (kind === undefined) throw new UsageError(`Which fault? One of: ${known}.`);
  if (other !== undefined) throw new UsageError(`One fault at a time: ${kind} or ${other}.`);
  return kind;
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}

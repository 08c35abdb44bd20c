// What `npm run drill` can be told, and what it says when it was told something else.

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
};

const DEFAULT_RATE = 1200;
const DEFAULT_SECONDS = 60;

const NUMBERS = {
  '--rate': { field: 'rate', least: 10, most: 50_000, what: 'requests per second' },
  '--bare-rate': {
    field: 'bareRate',
    least: 0,
    most: 50_000,
    what: 'requests per second for the bare client, 0 to leave it out',
  },
  '--seconds': { field: 'seconds', least: 10, most: 600, what: 'seconds' },
};
const TEXTS = { '--out': 'out', '--database': 'database' };
const FLAGS = { '--keep': 'keep', '--no-build': 'noBuild' };

/** Something about the arguments is wrong; the message says what and what to type. */
export class UsageError extends Error {}

/** How to call it. */
export function usage() {
  const kinds = Object.entries(KINDS).map(([kind, { what }]) => `  ${kind.padEnd(11)} ${what}`);
  return [
    'npm run drill -- <fault> [options]',
    '',
    ...kinds,
    '',
    `  --rate N        requests per second (${DEFAULT_RATE}; steady: the most that the machine carries)`,
    '  --seconds N     length of the measured run (60): a third before, during and after the fault',
    '  --out FOLDER    where report.html and report.json go (.tmp/drill/<fault>)',
    '  --bare-rate N   another rate for the bare ioredis client, 0 to leave it out',
    '  --database URL  a Postgres for the backends (all-down and steady start one)',
    '  --keep          keep the logs of the services beside the report',
    '  --no-build      take what is in dist as it is',
  ].join('\n');
}

/** Reads the arguments. Throws a UsageError for what cannot be meant. */
export function parseArguments(argv) {
  const given = {};
  const words = [...argv];
  while (words.length > 0) readWord(words, given);
  if (given.help) return { help: true };
  if (given.kind === undefined) {
    throw new UsageError(`Which fault? One of: ${Object.keys(KINDS).join(', ')}.`);
  }
  const seconds = given.seconds ?? DEFAULT_SECONDS;
  const { leastSeconds } = KINDS[given.kind];
  if (seconds < leastSeconds) {
    throw new UsageError(
      `--seconds ${seconds} leaves no room for ${given.kind}: give at least ${leastSeconds}.`,
    );
  }
  const rate = given.rate ?? (given.kind === 'steady' ? null : DEFAULT_RATE);
  return {
    kind: given.kind,
    rate,
    seconds,
    bareRate: given.bareRate ?? rate,
    out: given.out ?? `.tmp/drill/${given.kind}`,
    database: given.database ?? null,
    keep: given.keep ?? false,
    noBuild: given.noBuild ?? false,
  };
}

function readWord(words, given) {
  const [word, ...inline] = words.shift().split('=');
  const value = () => (inline.length > 0 ? inline.join('=') : words.shift());
  if (word === '--help' || word === '-h') given.help = true;
  else if (Object.hasOwn(NUMBERS, word)) given[NUMBERS[word].field] = numberOf(word, value());
  else if (Object.hasOwn(TEXTS, word)) given[TEXTS[word]] = textOf(word, value());
  else if (Object.hasOwn(FLAGS, word)) given[FLAGS[word]] = true;
  else readKind(word, given);
}

function readKind(word, given) {
  if (word.startsWith('-')) throw new UsageError(`There is no option ${word}.`);
  if (!Object.hasOwn(KINDS, word)) {
    throw new UsageError(`"${word}" is no fault. One of: ${Object.keys(KINDS).join(', ')}.`);
  }
  if (given.kind !== undefined) {
    throw new UsageError(`One fault at a time: ${given.kind} or ${word}.`);
  }
  given.kind = word;
}

function numberOf(option, text) {
  const { least, most, what } = NUMBERS[option];
  const value = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const got = text === undefined ? 'nothing' : `"${text}"`;
  throw new UsageError(
    `${option} takes a whole number from ${least} to ${most} (${what}), not ${got}.`,
  );
}

function textOf(option, text) {
  if (text !== undefined && text !== '' && !text.startsWith('--')) return text;
  throw new UsageError(`${option} needs a value.`);
}

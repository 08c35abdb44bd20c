import { CliError, type Environment } from '../frame/index.js';

/** How fast a cluster is to be, in ms: medians. */
export interface Thresholds {
  readonly pingMs: number;
  readonly setMs: number;
  readonly getMs: number;
  readonly lagMs: number;
}

/** Options for the thresholds. They are no whole numbers, since half a millisecond is long for Redis. */
export const THRESHOLD_OPTIONS = {
  'max-ping': { kind: 'text', value: 'ms', about: 'PING (5, or HEALTH_MAX_PING_MS)' },
  'max-set': { kind: 'text', value: 'ms', about: 'SET on the primary (3, or HEALTH_MAX_SET_MS)' },
  'max-get': { kind: 'text', value: 'ms', about: 'GET on a replica (3, or HEALTH_MAX_GET_MS)' },
  'max-lag': {
    kind: 'text',
    value: 'ms',
    about: 'until the replicas have a write (100, or HEALTH_MAX_LAG_MS)',
  },
} as const;

const DEFAULTS = {
  'max-ping': 5,
  'max-set': 3,
  'max-get': 3,
  'max-lag': 100,
} as const;

type Name = keyof typeof THRESHOLD_OPTIONS;

const MAX_MS = 60_000;
const DEFAULT_SAMPLES = 30;
/** The most commands for one median. */
export const MAX_SAMPLES = 9_999;

/** Reads the thresholds from what was typed, else from the environment. @throws {@link CliError} `misused` */
export function readThresholds(
  typed: Readonly<Record<Name, string | null>>,
  env: Environment,
): Thresholds {
  const read = (name: Name): number => {
    const variable = `HEALTH_${name.replace('-', '_').toUpperCase()}_MS`;
    const given = typed[name];
    const [what, text] =
      given === null ? [`${variable}=`, env[variable] ?? ''] : [`--${name} `, given];
    if (text === '') return DEFAULTS[name];
    const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (ms > 0 && ms <= MAX_MS) return ms;
    throw CliError.misused(
      `${what}${text} is no time in ms`,
      `Write a number above 0 and up to ${String(MAX_MS)}, such as 0.5`,
    );
  };
  return {
    pingMs: read('max-ping'),
    setMs: read('max-set'),
    getMs: read('max-get'),
    lagMs: read('max-lag'),
  };
}

/** Reads how many commands a median is of. @throws {@link CliError} `misused` */
export function readSamples(typed: number | null, env: Environment): number {
  if (typed !== null) return typed;
  const text = env['HEALTH_SAMPLES'] ?? '';
  if (text === '') return DEFAULT_SAMPLES;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw CliError.misused(
    `HEALTH_SAMPLES=${text} is not possible`,
    `Write a whole number from 1 to ${String(MAX_SAMPLES)}`,
  );
}

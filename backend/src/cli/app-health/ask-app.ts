import { CliError } from '../frame/index.js';
import { listAt, numberAt, textAt, valueAt, whyNoAnswer } from './json-fields.js';

/** What an application says of its journal. */
export interface AppJournal {
  readonly entries: number;
  readonly bytes: number;
  readonly oldestMs: number | null;
  readonly isFull: boolean;
  /** How its file is: `sound`, `failed` or `hung`; `null` where it has none. */
  readonly file: string | null;
}

/** What an application says of its Redis. */
export interface AppHealth {
  readonly url: string;
  /** `healthy`, `degraded` or `down`. */
  readonly status: string;
  readonly mode: string;
  /** In a sentence; `null` where it serves no `/health`. */
  readonly message: string | null;
  readonly master: string | null;
  readonly onlineReplicas: number;
  readonly replicas: number;
  readonly answeringSentinels: number | null;
  readonly sentinels: number | null;
  readonly hitRatePercent: number | null;
  readonly readP50Ms: number | null;
  readonly readP99Ms: number | null;
  readonly writeP50Ms: number | null;
  readonly writeP99Ms: number | null;
  readonly failoversOfADay: number | null;
  readonly journal: AppJournal | null;
}

/** How an application is asked for its health, as an option. */
export const APP_OPTION = {
  app: {
    kind: 'text',
    value: 'http://host:port',
    about: 'ask an application, by the routes of RedisHealthModule',
  },
} as const;

const ANSWER_WITHIN_MS = 5_000;
const MAX_BYTES = 4 * 2 ** 20;

/** Reads the address of an application. @throws {@link CliError} `misused` for what is none */
export function appUrl(text: string): URL {
  // What stands before an @ may be a password, and is not shown.
  if (text.includes('@')) {
    throw CliError.misused('--app holds a user or a password', 'Write http://host:port');
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) {
    url.pathname = url.pathname.replace(/\/*$/, '/');
    return url;
  }
  throw CliError.misused(`--app ${text} is no address of an application`, 'Write http://host:port');
}

/**
 * Asks an application for every figure of its Redis: `GET api/health/redis/metrics`.
 *
 * @throws {@link CliError} where it does not answer, or has no such route
 */
export async function askAppMetrics(url: URL, signal: AbortSignal): Promise<unknown> {
  const answer = await ask(new URL('api/health/redis/metrics', url), signal);
  if (textAt(answer, 'status') !== null) return answer;
  throw new CliError(`${url.href} says nothing of Redis`, REMEDY);
}

/** Asks an application how its Redis is. @throws {@link CliError} where it does not say */
export async function askAppHealth(url: URL, signal: AbortSignal): Promise<AppHealth> {
  const [metrics, health] = await Promise.all([
    askAppMetrics(url, signal),
    ask(new URL('health', url), signal).catch(() => null),
  ]);
  const replicas = listAt(metrics, 'cluster', 'replicas');
  return {
    url: url.href,
    status: textAt(metrics, 'status') ?? 'down',
    mode: textAt(metrics, 'mode') ?? 'unknown',
    message: messageIn(health),
    master: textAt(metrics, 'cluster', 'master'),
    onlineReplicas: replicas.filter((one) => textAt(one, 'status') === 'online').length,
    replicas: replicas.length,
    answeringSentinels: numberAt(metrics, 'cluster', 'sentinels', 'answering'),
    sentinels: numberAt(metrics, 'cluster', 'sentinels', 'count'),
    hitRatePercent: numberAt(metrics, 'performance', 'cache_hit_rate_percent'),
    readP50Ms: numberAt(metrics, 'performance', 'read_latency_p50_ms'),
    readP99Ms: numberAt(metrics, 'performance', 'read_latency_p99_ms'),
    writeP50Ms: numberAt(metrics, 'performance', 'write_latency_p50_ms'),
    writeP99Ms: numberAt(metrics, 'performance', 'write_latency_p99_ms'),
    failoversOfADay: numberAt(metrics, 'failover', 'total_count_24h'),
    journal: journalIn(metrics),
  };
}

const REMEDY = 'See whether it runs there, and imports RedisHealthModule (docs/health.md)';

function messageIn(health: unknown): string | null {
  for (const place of ['info', 'error', 'details']) {
    const message = textAt(health, place, 'redis', 'message');
    if (message !== null) return message;
  }
  return textAt(health, 'redis', 'message');
}

function journalIn(metrics: unknown): AppJournal | null {
  const entries = numberAt(metrics, 'journal', 'entries');
  if (entries === null) return null;
  return {
    entries,
    bytes: numberAt(metrics, 'journal', 'bytes') ?? 0,
    oldestMs: numberAt(metrics, 'journal', 'oldest_ms'),
    isFull: valueAt(metrics, 'journal', 'is_full') === true,
    file: textAt(metrics, 'journal', 'file', 'state'),
  };
}

async function ask(url: URL, signal: AbortSignal): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  try {
    const answer = await fetch(url, { signal: limit, redirect: 'error' });
    const text = await answer.text();
    // A health that is not well answers 503, with the same body.
    if (text.length > MAX_BYTES) throw new CliError(`${url.href} says too much`, REMEDY);
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof CliError || signal.aborted) throw error;
    throw new CliError(`${url.href} ${whyNot(error)}`, REMEDY);
  }
}

function whyNot(error: unknown): string {
  if (textAt(error, 'name') === 'SyntaxError') return 'does not answer with JSON';
  return `does not answer (${whyNoAnswer(error)})`;
}

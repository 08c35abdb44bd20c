import { listAt, shownText, textAt, whyNoAnswer } from '../app-health/index.js';
import { CliError } from '../frame/index.js';

/** What a silence is about: labels of alerts. */
export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** A silence that somebody began. */
export interface Silence {
  readonly id: string;
  readonly endsAt: string;
  readonly by: string;
  readonly comment: string;
}

/** What a new silence is made of. */
export interface SilenceDraft {
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly by: string;
  readonly comment: string;
  readonly labels: readonly Matcher[];
}

const ANSWER_WITHIN_MS = 10_000;
const SERVICE = equal('service', 'redis-ha');
// Whoever watches the watchman must not be told to look away.
const NOT_THE_WATCHDOG = { ...equal('alertname', 'RedisHaWatchdog'), isEqual: false };

/** Returns a matcher for one value of a label. */
export function equal(name: string, value: string): Matcher {
  return { name, value, isRegex: false, isEqual: true };
}

/** Alertmanager, by its API. */
export class Alertmanager {
  readonly #base: URL;
  readonly #signal: AbortSignal;

  constructor(base: URL, signal: AbortSignal) {
    [this.#base, this.#signal] = [base, signal];
  }

  /** Begins a silence of our alerts, but for the watchdog. Resolves with its id. */
  async begin({ startsAt, endsAt, by, comment, labels }: SilenceDraft): Promise<string> {
    const matchers = [SERVICE, NOT_THE_WATCHDOG, ...labels];
    const answer = await this.#ask('silences', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ matchers, startsAt, endsAt, createdBy: by, comment }),
    });
    return textAt(answer, 'silenceID') ?? '';
  }

  /** The silences of our alerts that have not ended. */
  async ours(): Promise<Silence[]> {
    const all = listAt(await this.#ask('silences'));
    return all.filter(isOurs).map((one) => ({
      id: textAt(one, 'id') ?? '',
      endsAt: textAt(one, 'endsAt') ?? '',
      by: textAt(one, 'createdBy') ?? '',
      comment: textAt(one, 'comment') ?? '',
    }));
  }

  /** Ends a silence before its time. */
  async end(id: string): Promise<void> {
    await this.#ask(`silence/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  async #ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const { status, text } = await this.#fetch(`api/v2/${path}`, { ...init, signal });
    if (status >= 300) {
      const said = shownText(text).slice(0, 200);
      throw new CliError(`${this.#base.href} said ${String(status)}: ${said}`, REMEDY);
    }
    try {
      return text === '' ? null : (JSON.parse(text) as unknown);
    } catch {
      throw new CliError(`${this.#base.href} does not answer with JSON`, REMEDY);
    }
  }

  async #fetch(
    path: string,
    init: RequestInit,
  ): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const answer = await fetch(new URL(path, this.#base), init);
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      throw new CliError(`${this.#base.href} does not answer (${whyNoAnswer(error)})`, REMEDY);
    }
  }
}

const REMEDY = 'See whether Alertmanager is there: --alertmanager, or ALERTMANAGER_URL';

function isOurs(silence: unknown): boolean {
  const isOver = textAt(silence, 'status', 'state') === 'expired';
  const matchers = listAt(silence, 'matchers');
  return (
    !isOver &&
    matchers.some(
      (one) => textAt(one, 'name') === SERVICE.name && textAt(one, 'value') === SERVICE.value,
    )
  );
}

#!/usr/bin/env node
// @ts-check
// Silences the alerts of Redis for a maintenance, by one command, and ends that again.
import { parseArgs } from 'node:util';

const HELP = `Silences the alerts of Redis in Alertmanager.

  node scripts/silence-alerts.mjs 30m "update of Redis"                     all of them, for half an hour
  node scripts/silence-alerts.mjs 2h "new disk" instance=redis-master:6379  some of them: label=value, as many as you like
  node scripts/silence-alerts.mjs --list                                    what is silenced now
  node scripts/silence-alerts.mjs --end ID                                  ends it early; --end all ends all of ours

  --alertmanager URL   where it is; else ALERTMANAGER_URL, else http://127.0.0.1:9093
  --by NAME            who asks; else the name of the user

The watchdog is never silenced.`;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_MS = 7 * UNITS.d;
const ANSWER_WITHIN_MS = 10_000;

/** @typedef {{ name: string, value: string, isRegex: boolean, isEqual: boolean }} Matcher */
/** @typedef {{ id: string, comment: string, createdBy: string, endsAt: string, status: { state: string }, matchers: Matcher[] }} Silence */

class UsageError extends Error {}

/** @param {string} text */
function readDuration(text) {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[/** @type {keyof typeof UNITS} */ (unit)] ?? NaN);
  if (ms > 0 && ms <= MAX_MS) return ms;
  throw new UsageError(`"${text}" is no time such as 30m, 2h or 1d, of seven days at most`);
}

/** @param {string} text @returns {Matcher} */
function readMatcher(text) {
  const [, name, value] = /^([a-zA-Z_]\w*)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`"${text}" is no label=value, such as environment=production`);
  }
  return equal(name, value);
}

/** @param {string} name @param {string} value @returns {Matcher} */
function equal(name, value, isEqual = true) {
  return { name, value, isRegex: false, isEqual };
}

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  const url = new URL(`/api/v2/${path}`, base);
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const answer = await fetch(url, { ...init, signal }).catch((error) => {
    throw new UsageError(`${base} does not answer (${error.cause?.code ?? error.message})`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new UsageError(`${base} said ${answer.status}: ${text.trim()}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function ours() {
  /** @type {Silence[]} */
  const all = await ask('silences');
  return all.filter(
    ({ status, matchers }) =>
      status.state !== 'expired' &&
      matchers.some(({ name, value }) => name === 'service' && value === 'redis-ha'),
  );
}

/** @param {string} duration @param {string} comment @param {readonly string[]} labels */
async function silence(duration, comment, labels) {
  const startsAt = new Date();
  const endsAt = new Date(startsAt.getTime() + readDuration(duration));
  const matchers = [
    equal('service', 'redis-ha'),
    equal('alertname', 'RedisHaWatchdog', false),
    ...labels.map(readMatcher),
  ];
  const { silenceID } = await ask('silences', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ matchers, startsAt, endsAt, createdBy, comment }),
  });
  console.log(`${silenceID} until ${endsAt.toISOString()}`);
  console.log(`To end it early: node scripts/silence-alerts.mjs --end ${silenceID}`);
}

/** @param {string} which */
async function end(which) {
  const ids = which === 'all' ? (await ours()).map(({ id }) => id) : [which];
  for (const id of ids) await ask(`silence/${encodeURIComponent(id)}`, { method: 'DELETE' });
  console.log(`${ids.length} ended`);
}

async function list() {
  for (const { id, comment, createdBy: by, endsAt } of await ours()) {
    console.log(`${id} until ${endsAt} by ${by}: ${comment}`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    list: { type: 'boolean' },
    end: { type: 'string' },
    alertmanager: { type: 'string' },
    by: { type: 'string' },
  },
});
const base = values.alertmanager ?? process.env.ALERTMANAGER_URL ?? 'http://127.0.0.1:9093';
const createdBy = values.by ?? process.env.USER ?? 'unknown';

try {
  const [duration, comment, ...labels] = positionals;
  if (values.help) console.log(HELP);
  else if (values.list) await list();
  else if (values.end !== undefined) await end(values.end);
  else if (duration === undefined || comment === undefined) throw new UsageError(HELP);
  else await silence(duration, comment, labels);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

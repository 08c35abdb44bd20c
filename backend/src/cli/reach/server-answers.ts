import type { Answer, Reached } from './reach-server.js';

/** Fields by their names, as Redis calls them. */
export type Fields = ReadonlyMap<string, string>;

/** What a server that says nothing has said. */
export const NO_FIELDS: Fields = new Map();

/** A calendar that was read from here. */
export interface ClockReading {
  /** How far it is ahead of ours, in ms. */
  readonly offsetMs: number;
  /** How long the question took: the reading may be wrong by half of it. */
  readonly roundTripMs: number;
}

/** What was answered; `null` for a refusal. */
export function valueIn(answer: Answer): unknown {
  return answer.ok ? answer.value : null;
}

/** Reads the calendar of a server; `null` where it does not tell. */
// The first answer waits for a process that has just begun; the quicker one is nearer to the truth, of the calendar as well.
export async function clockOf(server: Reached, now: () => number): Promise<ClockReading | null> {
  const first = await readClock(server, now);
  const second = first === null ? null : await readClock(server, now);
  if (first === null || second === null) return first;
  return second.roundTripMs <= first.roundTripMs ? second : first;
}

async function readClock(server: Reached, now: () => number): Promise<ClockReading | null> {
  const before = now();
  const answer = await server.tryAsk('time');
  const roundTripMs = now() - before;
  if (!answer.ok || !Array.isArray(answer.value)) return null;
  const [seconds, micros] = answer.value.map(Number);
  const theirs = (seconds ?? NaN) * 1_000 + (micros ?? NaN) / 1_000;
  return { offsetMs: Math.round(theirs - before - roundTripMs / 2), roundTripMs };
}

/** Asks for `INFO`; no fields where that is refused. */
export async function infoOf(server: Reached): Promise<Fields> {
  const answer = await server.tryAsk('info');
  return answer.ok ? readInfo(String(answer.value)) : NO_FIELDS;
}

/** Reads the answer to `INFO` as fields. */
export function readInfo(text: string): Fields {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

/** An answer that lists things, each by its fields; empty where it was refused. */
export function listIn(answer: Answer): Fields[] {
  return answer.ok && Array.isArray(answer.value) ? answer.value.map(pairsOf) : [];
}

/** A reply of names and values by turns, as fields. */
export function pairsOf(reply: unknown): Fields {
  if (!Array.isArray(reply)) return NO_FIELDS;
  const words = reply.map(String);
  return new Map(
    words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : [])),
  );
}

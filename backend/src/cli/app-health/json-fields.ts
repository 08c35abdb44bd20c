// What another program says is shown on a terminal, which must not be steered by it.
// eslint-disable-next-line no-control-regex -- these are control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Returns what stands at a place in JSON; `undefined` where there is no such place. */
export function valueAt(body: unknown, ...path: readonly string[]): unknown {
  let value = body;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** Returns a number at a place; `null` for anything else. */
export function numberAt(body: unknown, ...path: readonly string[]): number | null {
  const value = valueAt(body, ...path);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Returns a text at a place, without control characters; `null` for anything else. */
export function textAt(body: unknown, ...path: readonly string[]): string | null {
  const value = valueAt(body, ...path);
  return typeof value === 'string' ? shownText(value) : null;
}

/** Returns a list at a place; an empty one for anything else. */
export function listAt(body: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = valueAt(body, ...path);
  return Array.isArray(value) ? value : [];
}

/** Returns a text with which nobody can steer a terminal. */
export function shownText(text: string): string {
  return text.replace(CONTROL, ' ').trim();
}

/** Returns why a question over HTTP got no answer, in a word or two. It never holds what was sent. */
export function whyNoAnswer(error: unknown): string {
  if (textAt(error, 'name') === 'TimeoutError') return 'it took too long';
  // What `fetch` throws says only that it failed; the cause says why.
  return (
    textAt(error, 'cause', 'code') ?? textAt(error, 'cause', 'message') ?? 'no reason is known'
  );
}

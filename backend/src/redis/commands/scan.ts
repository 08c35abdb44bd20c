import type { TopologyTracker } from '../cluster/topology/index.js';
import { option, OptionSet, positive, text, type RowsOf } from '../base/options/index.js';
import type { CommandRunner } from './command-runner.js';

/** What to look for. */
export interface ScanOptions {
  /** Glob-style pattern. */
  readonly match?: string;
  /** About how many to look at per step. @defaultValue 100 */
  readonly count?: number;
  /** Only keys of this type, such as `hash`. For scans over keys. */
  readonly type?: string;
}

/** The options of a scan over keys. */
export const SCAN_OPTIONS = new OptionSet(
  {
    match: option(text(), null),
    count: option(positive, 100),
    type: option(text(), null),
  } satisfies RowsOf<ScanOptions>,
  { path: '', example: "{ match: 'user:*' }", foreign: { pattern: 'match' } },
);

/** A scan over keys, or over the members of one key. */
export interface ScanSource {
  readonly command: 'scan' | 'hscan' | 'sscan' | 'zscan';
  readonly key?: string;
}

/**
 * Goes through keys or members step by step, on the primary. A cursor belongs to one process, so
 * after a failover the scan begins anew there: what `SCAN` promises stays true, that everything
 * present from beginning to end is seen at least once, and some of it is seen twice.
 */
export async function* scan(
  source: ScanSource,
  options: ScanOptions,
  runner: CommandRunner,
  tracker: TopologyTracker,
): AsyncGenerator<string[], void, undefined> {
  const tail = optionWords(options);
  // Without the right to INFO all processes look alike, and a scan is not begun anew.
  const process = (): string => tracker.primary?.runId ?? 'unknown';
  let cursor = '0';
  let origin = process();
  for (;;) {
    const head = source.key === undefined ? [cursor] : [source.key, cursor];
    const step = await runner.run(source.command, [...head, ...tail], 'utf8', null);
    const asked = process();
    if (asked !== origin) {
      origin = asked;
      cursor = '0';
      continue;
    }
    const [next, found] = step as [string, string[]];
    if (found.length > 0) yield found;
    if (next === '0') return;
    cursor = next;
  }
}

function optionWords({ match, count = 100, type }: ScanOptions): string[] {
  const words = ['COUNT', String(count)];
  if (match !== undefined) words.push('MATCH', match);
  if (type !== undefined) words.push('TYPE', type);
  return words;
}

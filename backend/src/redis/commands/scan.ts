import { addressKey } from '../base/address/index.js';
import type { TopologyTracker } from '../cluster/topology/index.js';
import { option, OptionSet, positive, text, type RowsOf } from '../base/options/index.js';
import type { CommandRunner } from './command-runner.js';

/** Options of a scan. */
export interface ScanOptions {
  /** Glob-style pattern. */
  readonly match?: string;
  /** About how many keys or members each step looks at. @defaultValue 100 */
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
 * Scans keys or members step by step, on the primary. A cursor is valid in one server process only, so
 * after a failover the scan starts again on the new primary. The promise of `SCAN` still holds:
 * everything present from beginning to end is returned at least once. Some of it is returned twice.
 */
export async function* scan(
  source: ScanSource,
  options: ScanOptions,
  runner: CommandRunner,
  tracker: TopologyTracker,
): AsyncGenerator<string[], void, undefined> {
  const tail = optionWords(options);
  const process = (): string => identityOf(tracker);
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

// Where INFO is not permitted, a server process is known by its address and by the failovers that made it
// the primary.
function identityOf({ primary, epoch }: TopologyTracker): string {
  if (primary === null) return 'none';
  return primary.runId ?? `${addressKey(primary.address)} ${String(epoch)}`;
}

function optionWords({ match, count = 100, type }: ScanOptions): string[] {
  const words = ['COUNT', String(count)];
  if (match !== undefined) words.push('MATCH', match);
  if (type !== undefined) words.push('TYPE', type);
  return words;
}

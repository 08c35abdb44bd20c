import { addressKey } from '../base/address/index.js';
import type { TopologyTracker } from '../cluster/topology/index.js';
import {
  deadline,
  objectWith,
  option,
  OptionSet,
  positive,
  text,
  type RowsOf,
} from '../base/options/index.js';
import type { Encoding } from '../cluster/connection/index.js';
import type { CommandRunner } from './command-runner.js';
import type { CallOptions } from './table/call-options.js';

/** Options of a scan over the members of one key. */
export interface MemberScanOptions {
  /** Glob-style pattern. */
  readonly match?: string;
  /** About how many keys or members each step looks at. @defaultValue 100 */
  readonly count?: number;
  /** Deadline of each step, in ms. @defaultValue the write timeout */
  readonly timeoutMs?: number;
  /** Ends the scan when it fires. */
  readonly signal?: AbortSignal;
}

/** Options of a scan over keys. */
export interface ScanOptions extends MemberScanOptions {
  /** Only keys of this type, such as `hash`. */
  readonly type?: string;
}

const MEMBER_ROWS = {
  match: option(text(), null),
  count: option(positive, 100),
  timeoutMs: option(deadline, null),
  signal: option(objectWith<AbortSignal>('an AbortSignal', 'addEventListener'), null),
} satisfies RowsOf<MemberScanOptions>;
const NAMING = { path: '', foreign: { pattern: 'match', objectMode: 'Leave it out' } };

/** The options of a scan over members. */
export const MEMBER_SCAN_OPTIONS = new OptionSet(MEMBER_ROWS, {
  ...NAMING,
  example: "{ match: 'field*' }",
});

/** The options of a scan over keys. */
export const SCAN_OPTIONS = new OptionSet(
  { ...MEMBER_ROWS, type: option(text(), null) } satisfies RowsOf<ScanOptions>,
  { ...NAMING, example: "{ match: 'user:*' }" },
);

/** A scan over keys, or over the members of one key. */
export interface ScanSource {
  readonly command: 'scan' | 'hscan' | 'sscan' | 'zscan';
  readonly key?: string | Buffer;
}

/** The items of a scan, as text or as Buffers. */
type Items<E extends Encoding> = E extends null ? Buffer[] : string[];

/** What a scan is run by. */
export interface ScannedBy {
  readonly runner: CommandRunner;
  readonly tracker: TopologyTracker;
}

/**
 * Scans keys or members step by step, on the primary. A cursor is valid in one server process only, so
 * after a failover the scan starts again on the new primary. The promise of `SCAN` still holds:
 * everything present from beginning to end is returned at least once. Some of it is returned twice.
 */
export async function* scan<E extends Encoding>(
  source: ScanSource,
  options: ScanOptions,
  encoding: E,
  { runner, tracker }: ScannedBy,
): AsyncGenerator<Items<E>, void, undefined> {
  const tail = optionWords(options);
  const call = callOptions(options);
  const process = (): string => identityOf(tracker);
  let cursor = '0';
  let origin = process();
  for (;;) {
    const head = source.key === undefined ? [cursor] : [source.key, cursor];
    const step = await runner.run(source.command, [...head, ...tail], encoding, call);
    const asked = process();
    if (asked !== origin) {
      origin = asked;
      cursor = '0';
      continue;
    }
    const [next, found] = step as [string | Buffer, Items<E>];
    if (found.length > 0) yield found;
    cursor = String(next);
    if (cursor === '0') return;
  }
}

// Where INFO is not permitted, a server process is known by its address and by the failovers that made it
// the primary.
function identityOf({ primary, epoch }: TopologyTracker): string {
  if (primary === null) return 'none';
  return primary.runId ?? `${addressKey(primary.address)} ${String(epoch)}`;
}

function callOptions({ timeoutMs, signal }: ScanOptions): CallOptions | null {
  if (timeoutMs === undefined && signal === undefined) return null;
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(signal !== undefined && { signal }),
  };
}

function optionWords({ match, count = 100, type }: ScanOptions): string[] {
  const words = ['COUNT', String(count)];
  if (match !== undefined) words.push('MATCH', match);
  if (type !== undefined) words.push('TYPE', type);
  return words;
}

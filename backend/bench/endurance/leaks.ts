import type { Holdings } from './client-process.js';

/** What is compared. */
export type Stock = Holdings & { readonly serverConnections: number };

/** One line of the comparison. */
export interface Comparison {
  readonly row: readonly string[];
  readonly isLeak: boolean;
}

const MIB = 1 << 20;
/** The heap may differ by this much without anything being kept, history of the failovers included. */
const HEAP_ALLOWANCE = 2 * MIB;
/** Timers and requests that happen to be under way. */
const CHANCE = 2;

/** Compares what is held before and after; more than before, beyond chance, is a leak. */
export function leaksBetween(before: Stock, after: Stock): Comparison[] {
  const kinds = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  const count = (name: string, pick: (stock: Stock) => number, allowance: number): Comparison => {
    const [was, is] = [pick(before), pick(after)];
    return line(name, [String(was), String(is)], is > was + allowance);
  };
  return [
    line(
      'heap MiB',
      [(before.heapUsed / MIB).toFixed(2), (after.heapUsed / MIB).toFixed(2)],
      after.heapUsed > before.heapUsed + HEAP_ALLOWANCE,
    ),
    line('rss MiB', [(before.rss / MIB).toFixed(1), (after.rss / MIB).toFixed(1)], false),
    ...[...kinds].map((kind) =>
      count(kind, ({ resources }) => resources[kind] ?? 0, kind === 'Timeout' ? CHANCE : 0),
    ),
    count('listeners of the engine', ({ listeners }) => listeners, 0),
    count('connections at the servers', ({ serverConnections }) => serverConnections, 0),
    count('calls pending', ({ pending }) => pending, CHANCE),
    count('calls waiting', ({ waiting }) => waiting, 0),
  ];
}

function line(name: string, values: readonly string[], isLeak: boolean): Comparison {
  return { row: [name, ...values, isLeak ? 'LEAK' : ''], isLeak };
}

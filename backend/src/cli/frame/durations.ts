import { CliError } from './cli-error.js';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Reads a time such as `500ms`, `30s`, `5m`, `2h` or `1d` as ms.
 *
 * @throws {@link CliError} `misused` for anything else, and for what is out of bounds.
 */
export function readDuration(
  what: string,
  text: string,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): number {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = amount === undefined ? NaN : Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (ms >= minMs && ms <= maxMs) return ms;
  throw CliError.misused(
    `${what} ${text} is no time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    'Write it as 500ms, 30s, 5m, 2h or 1d',
  );
}

/** Writes a time with the largest unit that leaves it whole. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, of]) => whole >= of && whole % of === 0) ?? ['ms', 1];
  return `${String(whole / size)} ${unit}`;
}

import { CliError } from './cli-error.js';

const EXAMPLES = ['500ms', '30s', '5m', '2h', '1d'];
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
  const isWithin = (ms: number): boolean => ms >= minMs && ms <= maxMs;
  const ms = millisecondsOf(text);
  if (isWithin(ms)) return ms;
  const good = EXAMPLES.filter((example) => isWithin(millisecondsOf(example)));
  const examples = good.length === 0 ? [formatDuration(minMs).replace(' ', '')] : good;
  throw CliError.misused(
    `${what} ${text} is no time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    `Write it as ${examples.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`,
  );
}

function millisecondsOf(text: string): number {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? NaN : Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** Writes a time with the largest unit that leaves it whole. */
function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, of]) => whole >= of && whole % of === 0) ?? ['ms', 1];
  return `${String(whole / size)} ${unit}`;
}

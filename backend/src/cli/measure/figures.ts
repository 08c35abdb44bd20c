/** What stands where there is no number. */
const NONE = '–';

type Figure = number | null | undefined;

/** A number with a fixed number of digits after the point, for a column; a dash where there is none. */
export function formatNumber(value: Figure, digits = 0): string {
  return isNone(value) ? NONE : value.toFixed(digits);
}

/** Milliseconds with as many digits as they deserve. */
export function formatMs(ms: Figure): string {
  return formatNumber(ms, isNone(ms) || ms < 100 ? 1 : 0);
}

/** A number for reading: no more digits than say something, commas in thousands, a dash for nothing. */
export function formatFigure(value: Figure): string {
  if (isNone(value)) return NONE;
  return value.toLocaleString('en-US', { maximumFractionDigits: digitsOf(value) });
}

/** A share (0 to 1) as a percentage. */
export function formatShare(share: Figure): string {
  return isNone(share) ? NONE : `${formatFigure(100 * share)} %`;
}

function digitsOf(value: number): number {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return 0;
  return Math.abs(value) >= 10 ? 1 : 2;
}

function isNone(value: Figure): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value);
}

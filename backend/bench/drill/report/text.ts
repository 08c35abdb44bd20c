// Words and numbers as a page shows them.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that is safe in a page. */
export const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);

/** A number for reading: no more digits than tell something, commas in thousands, a dash for nothing. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const digits =
    Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** A share as a percentage. */
export const share = (value) =>
  value === null || value === undefined ? '–' : `${number(100 * value)} %`;

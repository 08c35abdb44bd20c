const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Writes a number of bytes with the unit that leaves it short. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1_000 && unit < UNITS.length - 1) {
    amount /= 1_024;
    unit += 1;
  }
  const shown = unit === 0 || amount >= 100 ? String(Math.round(amount)) : amount.toFixed(1);
  return `${shown} ${UNITS[unit] ?? 'B'}`;
}

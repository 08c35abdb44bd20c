/** A calendar time as reports write it: in ISO 8601. */
export function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** A number with so many decimal places at the most. */
export function rounded(value: number, places: number): number {
  return Number(value.toFixed(places));
}

const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const IN_ADDRESS = /:\/\/[^/@\s]+@/g;

/** Removes from a text what looks like a token, or like the password in an address. */
export function scrub(text: string): string {
  return text.replace(BEARER, '$1 [redacted]').replace(IN_ADDRESS, '://[redacted]@');
}

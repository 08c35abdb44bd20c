const PRIME = 0x0100_0193;

/**
 * Returns 32 bits that stand for a key. The seed tells keyspaces apart, and is chosen at random by each process:
 * nobody can make keys that all have one hash.
 */
export function hashOfKey(seed: number, key: string): number {
  let hash = seed;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), PRIME);
  return mixed(hash);
}

/** Returns another 32 bits, made of the first. */
export function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

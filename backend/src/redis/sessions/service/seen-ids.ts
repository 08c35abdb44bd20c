const SLOTS = 0x1_0000;

/**
 * Remembers ids in a fixed amount of room. It may forget one. Two that share their first
 * 48 bits are taken for one.
 */
export class SeenIds {
  // The first 16 bits of an id choose the slot, the next 32 stand in it: hashes are as good as chance.
  readonly #slots = new Uint32Array(SLOTS);

  /** Whether the id was added, and no other one has taken its place since. */
  has(id: string): boolean {
    return this.#slots[slotOf(id)] === printOf(id);
  }

  /** Remembers an id: 64 hexadecimal digits. */
  add(id: string): void {
    this.#slots[slotOf(id)] = printOf(id);
  }
}

function slotOf(id: string): number {
  return Number.parseInt(id.slice(0, 4), 16);
}

// An empty slot is 0.
function printOf(id: string): number {
  return Number.parseInt(id.slice(4, 12), 16) || 1;
}

const ROWS = 4;
const MAX_COUNT = 15;
/** After so many additions for each key that fits, all counts are halved: what was popular once fades. */
const SAMPLE = 10;

/** Counts about how often keys were asked for, up to 15, in a few bits for each (a count-min sketch). */
export class FrequencySketch {
  readonly #counts: Uint8Array;
  readonly #mask: number;
  readonly #sample: number;
  #added = 0;

  constructor(capacity: number) {
    const width = 2 ** Math.ceil(Math.log2(Math.max(2, capacity)));
    this.#counts = new Uint8Array(width * ROWS);
    this.#mask = width - 1;
    this.#sample = capacity * SAMPLE;
  }

  add(key: string): void {
    const hash = hashOf(key);
    for (let row = 0; row < ROWS; row++) {
      const place = this.#place(hash, row);
      const count = this.#counts[place] ?? 0;
      if (count < MAX_COUNT) this.#counts[place] = count + 1;
    }
    if (++this.#added < this.#sample) return;
    this.#added = Math.floor(this.#added / 2);
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i] = (this.#counts[i] ?? 0) >> 1;
  }

  count(key: string): number {
    const hash = hashOf(key);
    let least = MAX_COUNT;
    for (let row = 0; row < ROWS; row++) {
      least = Math.min(least, this.#counts[this.#place(hash, row)] ?? 0);
    }
    return least;
  }

  #place(hash: number, row: number): number {
    const mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b + row * 0x9e37_79b2);
    return row * (this.#mask + 1) + ((mixed ^ (mixed >>> 13)) & this.#mask);
  }
}

function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  }
  return hash;
}

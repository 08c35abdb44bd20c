// Redis Cluster spreads keys over 16,384 hash slots, and a script may touch the keys of one slot only. The names
// here keep that rule today, so that a later cluster mode changes no stored key.

const SLOTS = 16_384;
const DIGITS = Array.from('0123456789abcdefghijklmnopqrstuvwxyz');
const NOT_ASCII = /[^\0-\x7f]/;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

function addByte(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ byte] ?? 0);
}

/** The CRC16 of Redis Cluster. */
function crcOf(text: string): number {
  if (NOT_ASCII.test(text)) return Buffer.from(text).reduce(addByte, 0);
  let crc = 0;
  // Written out: each write of an entry comes this way, with each byte of its key.
  for (let i = 0; i < text.length; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ text.charCodeAt(i)] ?? 0);
  }
  return crc;
}

/** What of a key decides its slot: the text in its first pair of braces, or all of it when there is none in there. */
function hashedPart(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** The hash slot of a whole key, as `CLUSTER KEYSLOT` says. */
export function slotOf(key: string): number {
  return crcOf(hashedPart(key)) % SLOTS;
}

// A CRC is linear: that of a text is that of its parts, each in its place, added up without carry. So four
// digits are found for any slot after any text, from what two digits can do in either place.
const PAIRS = DIGITS.flatMap((first) => DIGITS.map((second) => first + second));
const EARLY_PAIRS = PAIRS.map((pair) => ({ pair, crc: addZeros(crcOf(pair), 2) }));
const LATE_PAIRS = new Map(PAIRS.map((pair) => [crcOf(pair) % SLOTS, pair]));

function addZeros(crc: number, count: number): number {
  let sum = crc;
  for (let i = 0; i < count; i++) sum = addByte(sum, 0);
  return sum;
}

/** Four digits that lead to a slot when they follow a text. They are the same in every process and version. */
function digitsFor(slot: number, text: string): string {
  return digitsOf((slot ^ addZeros(crcOf(text), 4)) % SLOTS);
}

const found: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

/** Four digits whose own slot this is. */
function digitsOf(slot: number): string {
  return (found[slot] ??= findDigits(slot));
}

function findDigits(slot: number): string {
  for (const { pair, crc } of EARLY_PAIRS) {
    const late = LATE_PAIRS.get((slot ^ crc) % SLOTS);
    if (late !== undefined) return pair + late;
  }
  // There are such digits for each slot: the spec goes through all of them.
  return '';
}

/**
 * The names in Redis of what belongs to an entry or a key group. All that belongs to one of them has one hash slot,
 * whatever braces are in it, in its keyspace or in the prefix of the connection.
 */
export class SlotNames {
  readonly #prefix: string;
  readonly #hasBrace: boolean;

  /** @param prefix - what the engine puts in front of keys */
  constructor(prefix = '') {
    this.#prefix = prefix;
    this.#hasBrace = prefix.includes('{');
  }

  /** Where the lease of an entry is stored. */
  lease(entry: string): string {
    return this.#beside(entry, '!', this.#slotOf(entry));
  }

  /** Where it is noted what ended writes of an entry that may still come. */
  notes(entry: string): string {
    return this.#beside(entry, '%', this.#slotOf(entry));
  }

  /** An entry, its lease and its notes. */
  allOf(entry: string): [entry: string, lease: string, notes: string] {
    const slot = this.#slotOf(entry);
    return [entry, this.#beside(entry, '!', slot), this.#beside(entry, '%', slot)];
  }

  /** Where the index of a key group is stored. */
  index(group: string): string {
    return `{${group}}:members`;
  }

  /** Where it is stored when a key group was last emptied. */
  mark(group: string): string {
    const name = `{${group}}:mark`;
    if (!this.#isHashedWhole) return name;
    return name + digitsFor(slotOf(this.#prefix + this.index(group)), this.#prefix + name);
  }

  #slotOf(entry: string): number {
    return slotOf(this.#prefix + entry);
  }

  #beside(entry: string, sign: string, slot: number): string {
    const end = entry.indexOf(':');
    const name = entry.slice(0, Math.max(0, end)) + sign;
    const key = entry.slice(end + 1);
    // Nearly always: the name of a keyspace has no brace.
    if (!this.#hasBrace && !name.includes('{')) return `${name}{${digitsOf(slot)}}${key}`;
    // An earlier brace, of the prefix, is the one that counts.
    const before = `${this.#prefix}${name}{`;
    const hashed = before.slice(before.indexOf('{') + 1);
    if (hashed.startsWith('}')) {
      return `${name}${key}${digitsFor(slot, `${this.#prefix}${name}${key}`)}`;
    }
    return `${name}{${digitsFor(slot, hashed)}}${key}`;
  }

  get #isHashedWhole(): boolean {
    const open = this.#prefix.indexOf('{');
    return open >= 0 && this.#prefix[open + 1] === '}';
  }
}

/** Where the index of a key group was stored before its name had a hash tag: a sorted set of keys. */
export function formerIndexKey(group: string): string {
  return `${group}:members`;
}

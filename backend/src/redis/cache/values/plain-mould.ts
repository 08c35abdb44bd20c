import { isAscii } from 'node:buffer';

// What parts, members and their values take, measured as growth of the process.
const PART_BYTES = 56;
const MEMBER_BYTES = 8;
const TEXT_BYTES = 24;
const FRACTION_BYTES = 12;
const PLACE_BYTES = 16;
/** With more members than this an object is faster parsed than copied: V8 keeps it as a table. */
const MAX_MEMBERS = 32;
const MAX_DEPTH = 32;
// V8 keeps members with such names apart, and copies them slowly.
const ALL_DIGITS = /^\d+$/;
const [ZERO, NINE] = [0x30, 0x39];
const PROTOTYPE = '__proto__';
const NONE: readonly never[] = [];

type Part = Record<string, unknown> | unknown[];

/**
 * Makes copies of what was parsed from JSON: objects, lists, and what cannot be changed. Nobody gets what it holds
 * itself. A part without parts of its own is copied at once, which costs a tenth of parsing it.
 */
export class PlainMould {
  /** What it takes. */
  readonly bytes: number;
  /** Who has made it. */
  readonly by: unknown;
  readonly #whole: unknown;
  readonly #root: Shape;

  private constructor(
    whole: unknown,
    root: Shape,
    { bytes, by }: Pick<PlainMould, 'bytes' | 'by'>,
  ) {
    this.#whole = whole;
    this.#root = root;
    this.bytes = bytes;
    this.by = by;
  }

  /**
   * Returns a mould; `null` where parsing again is faster than copying.
   *
   * @param value - just parsed, and nobody else has it
   * @param json - what it was parsed from
   * @param by - who makes it
   */
  static of(value: unknown, json: Buffer, by?: unknown): PlainMould | null {
    const look = new Look(json);
    look.add(value);
    const root = isPart(value) ? look.shapeOf(value, 0) : NO_PART;
    return root === null ? null : new PlainMould(value, root, { bytes: look.bytes, by });
  }

  /** Returns a copy. */
  copy(): unknown {
    return this.#root === NO_PART ? this.#whole : copyOf(this.#whole as Part, this.#root);
  }
}

/** Where a part has parts of its own, and the shapes of those. */
interface Shape {
  readonly at: readonly (string | number)[];
  readonly shapes: readonly Shape[];
}

interface Places {
  readonly at: (string | number)[];
  readonly shapes: Shape[];
}

const FLAT: Shape = { at: NONE, shapes: NONE };
/** Of what cannot be changed. */
const NO_PART: Shape = { at: NONE, shapes: NONE };

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null;
}

function copyOf(part: Part, { at, shapes }: Shape): Part {
  const copy = Array.isArray(part) ? part.slice() : { ...part };
  const members = copy as Record<string | number, unknown>;
  for (let i = 0; i < at.length; i++) {
    const name = at[i] ?? 0;
    members[name] = copyOf(members[name] as Part, shapes[i] ?? FLAT);
  }
  return copy;
}

/** Looks at a value once: what it takes, and where it has parts. */
class Look {
  bytes = 0;
  readonly #bytesPerCharacter: number;

  constructor(json: Buffer) {
    // A text takes two bytes for each character where one of them is not of the western alphabets.
    this.#bytesPerCharacter = isAscii(json) ? 1 : 2;
  }

  /** Returns the shape of a part; `null` where one is better parsed. */
  shapeOf(part: Part, depth: number): Shape | null {
    if (depth > MAX_DEPTH) return null;
    const places: Places = { at: [], shapes: [] };
    this.bytes += PART_BYTES;
    const isWhole = Array.isArray(part)
      ? part.every((member, i) => this.#place(places, i, { member, depth }))
      : this.#placeMembers(part, places, depth);
    if (!isWhole) return null;
    const { at, shapes } = places;
    if (at.length === 0) return FLAT;
    this.bytes += at.length * PLACE_BYTES;
    // Without the room that a list has for more.
    return { at: at.slice(), shapes: shapes.slice() };
  }

  #placeMembers(part: Record<string, unknown>, places: Places, depth: number): boolean {
    const names = Object.keys(part);
    if (!areFew(names)) return false;
    return names.every((name) => this.#place(places, name, { member: part[name], depth }));
  }

  // Returns whether a member can be copied.
  #place(
    { at, shapes }: Places,
    name: string | number,
    { member, depth }: { readonly member: unknown; readonly depth: number },
  ): boolean {
    this.add(member);
    if (!isPart(member)) return true;
    const shape = this.shapeOf(member, depth + 1);
    if (shape === null) return false;
    const last = shapes.at(-1);
    at.push(name);
    // Members of a list mostly look alike.
    shapes.push(last !== undefined && isSame(last, shape) ? last : shape);
    return true;
  }

  add(member: unknown): void {
    this.bytes += MEMBER_BYTES;
    if (typeof member === 'string') {
      this.bytes += TEXT_BYTES + this.#bytesPerCharacter * member.length;
    } else if (typeof member === 'number' && !Number.isInteger(member))
      this.bytes += FRACTION_BYTES;
  }
}

function isSame(one: Shape, other: Shape): boolean {
  const { length } = one.at;
  if (length !== other.at.length) return false;
  for (let i = 0; i < length; i++) {
    if (one.at[i] !== other.at[i] || one.shapes[i] !== other.shapes[i]) return false;
  }
  return true;
}

function areFew(names: readonly string[]): boolean {
  if (names.length > MAX_MEMBERS) return false;
  for (const name of names) if (name === PROTOTYPE || isPosition(name)) return false;
  return true;
}

function isPosition(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= ZERO && first <= NINE && ALL_DIGITS.test(name);
}

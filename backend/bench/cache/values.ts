/** What is stored: an object as applications have it, and a number by which it is recognised. */
export interface SampleValue {
  readonly id: number;
  readonly [field: string]: unknown;
}

/** How large values are, as JSON, about. */
export const VALUE_SIZES = [200, 2000, 400_000] as const;

/** One of them. */
export type ValueSize = (typeof VALUE_SIZES)[number];

/** A JSON object of about so many bytes. */
export function sampleValue(id: number, size: ValueSize = 200): SampleValue {
  return size === 200 ? person(id) : { ...person(id), orders: orders(id, ORDERS[size]) };
}

const ORDERS = { 2000: 19, 400_000: 4_150 } as const;

function person(id: number): SampleValue {
  return {
    id,
    name: `Person number ${String(id)}`,
    email: `person-${String(id)}@example.org`,
    isActive: id % 3 !== 0,
    roles: ['reader', 'writer', 'reviewer'],
    address: { street: 'Example Street 12', city: 'Springfield', code: '12345' },
  };
}

function orders(id: number, length: number): readonly unknown[] {
  return Array.from({ length }, (_, i) => ({
    number: id * 100 + i,
    item: `article-${String(i)} with a name`,
    amount: 1.5 * i,
    at: '2026-11-20T10:00:00.000Z',
  }));
}

/** How many sessions there are, and up to where the numbers of products go. */
export const SESSIONS = 200;
export const PRODUCT_IDS = 1000;

/** What is measured of each contestant without HTTP. */
export interface DirectClient {
  readSession(index: number): Promise<unknown>;
  /** Reads through the cache. */
  readProduct(id: number): Promise<unknown>;
  write(id: number): Promise<unknown>;
  close(): Promise<void>;
}

/** What a loader returns. */
export interface DirectProduct {
  readonly id: number;
  readonly name: string;
  readonly description: string;
}

/** A product, without a database. */
export function productOf(id: number): DirectProduct {
  return { id, name: `Product ${id}`, description: 'A thing. '.repeat(15) };
}

/** The key that an operation writes. */
export function writtenKey(id: number): string {
  return `drill:direct:${id}`;
}

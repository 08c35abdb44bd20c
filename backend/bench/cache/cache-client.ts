/** What is measured of every contestant. */
export interface CacheClient {
  getOrSet(key: string, loader: () => Promise<unknown>): Promise<unknown>;
  close(): Promise<unknown>;
}

/** How long values live: longer than any run. */
export const TTL_MS = 600_000;

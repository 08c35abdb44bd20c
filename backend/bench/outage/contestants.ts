/** Who goes through the outage, and how it is set up. `floor` is the load itself, over a plain Map. */
export const CONTESTANTS = {
  ours: 'default options, but memory bounded at 4 MiB so that the bound is reached; policies cache and session',
  'cache-manager': 'memory (CacheableMemory) and Redis (Keyv), as its readme shows, nothing set',
  'cache-manager-redis': 'Redis (Keyv) alone, nothing set',
  'cache-manager-tuned':
    'memory and Redis, nonBlocking, client with socketTimeout 1000, command timeout 250, no offline queue',
  cacheable: 'memory and Redis (Keyv), nothing set',
  'cacheable-tuned': 'the same, nonBlocking, client tuned like that of cache-manager-tuned',
  bentocache: 'memory and Redis (ioredis 5), nothing set',
  'bentocache-tuned':
    'memory for 20,000 items, grace 1 h, timeout 200, l2CircuitBreakerDuration 2 s; ioredis with commandTimeout 200, maxRetriesPerRequest 1, no offline queue',
  floor: 'a Map in this process: what the load, the loader and the machine cost by themselves',
} as const;

/** The name of a contestant. */
export type Contestant = keyof typeof CONTESTANTS;

/** All of them. */
export const CONTESTANT_NAMES = Object.keys(CONTESTANTS) as Contestant[];

/** Whether it comes from elsewhere and has to be installed. */
export function isPeer(contestant: Contestant): boolean {
  return contestant !== 'ours' && contestant !== 'floor';
}

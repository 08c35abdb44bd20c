import type { ValueSize } from './values.js';

/** Where a value is found: in this process, in Redis only, in this process and large, or nowhere. */
export const LAYERS = ['memory', 'redis', 'large', 'miss'] as const;

/** One of them. */
export type Layer = (typeof LAYERS)[number];

/** Who runs in which layer, and how it is set up. */
export const CONTESTANTS = {
  memory: {
    ours: 'nearMs 60000, everything else by default',
    bentocache: 'memoryDriver and redisDriver, nothing set: memory keeps JSON, each hit parses it',
    'bentocache-plain':
      'the same with serialize: false: each hit is the object itself, shared by all',
    'cache-manager':
      'Keyv over CacheableMemory, and Keyv over Redis, as its readme shows: memory keeps JSON',
    'cache-manager-plain':
      'the same with a Keyv over a Map that does not serialise, which is its own default memory store',
    cacheable:
      'its default memory, and Keyv over Redis, nothing set: each hit is a structuredClone',
    'cacheable-plain': 'the same with useClone: false',
    floor: 'a Map and a promise: what the measurement itself costs',
  },
  redis: {
    ours: 'nearMs 0, everything else by default',
    bentocache: 'redisDriver alone, nothing set',
    'cache-manager': 'one Keyv over Redis, nothing set',
    cacheable: 'Keyv over Redis as its primary store, nothing set',
    floor: 'ioredis GET and JSON.parse, one connection, no pipelining',
  },
  large: {
    ours: 'nearMs 60000, everything else by default',
    'ours-far': 'nearMs 0, everything else by default: each hit asks Redis',
  },
  miss: {
    ours: 'nearMs 0, everything else by default',
    bentocache: 'redisDriver alone, nothing set',
    'cache-manager': 'one Keyv over Redis, nothing set',
    cacheable: 'Keyv over Redis as its primary store, nothing set',
    floor: 'ioredis GET, and SET with PX',
    'floor-sharing':
      'ioredis with the commands of ours and nothing else: GET, a script that takes a lease, one that writes, tells and gives it back',
  },
} as const satisfies Readonly<Record<Layer, Readonly<Record<string, string>>>>;

/** The name of a contestant; not all of them run in both layers. */
export type Contestant = {
  [L in Layer]: keyof (typeof CONTESTANTS)[L];
}[Layer];

/** All names. */
export const CONTESTANT_NAMES = [
  ...new Set(Object.values(CONTESTANTS).flatMap((layer) => Object.keys(layer))),
] as Contestant[];

/** Those who run in a layer. */
export function contestantsOf(layer: Layer, among: readonly Contestant[]): Contestant[] {
  return among.filter((name) => name in CONTESTANTS[layer]);
}

/** How it is set up. */
export function descriptionOf(layer: Layer, contestant: Contestant): string {
  const descriptions: Readonly<Record<string, string>> = CONTESTANTS[layer];
  return descriptions[contestant] ?? '';
}

/** Whether it comes from elsewhere and has to be installed. */
export function isPeer(contestant: Contestant): boolean {
  return !contestant.startsWith('ours') && !contestant.startsWith('floor');
}

/** What is asked for in a layer. */
export interface Workload {
  readonly sizes: readonly ValueSize[];
  readonly keys: number;
  readonly callers: number;
  /** Calls between two looks at the clock, which costs as much as a hit in memory. */
  readonly batch: number;
}

const SMALL: Workload = { sizes: [200, 2000], keys: 1000, callers: 100, batch: 16 };

/** What is asked for in each layer. */
export const WORKLOADS: Readonly<Record<Layer, Workload>> = {
  memory: SMALL,
  redis: SMALL,
  // One caller, each time in a turn of the event loop of its own: ours shares large objects within a turn.
  large: { sizes: [400_000], keys: 10, callers: 1, batch: 1 },
  // The number of keys is that of a lap: each lap has keys of its own.
  miss: { ...SMALL, sizes: [200] },
};

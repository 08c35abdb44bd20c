/** Where the value is found: in this process, or in Redis only. */
export const LAYERS = ['memory', 'redis'] as const;

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
} as const satisfies Readonly<Record<Layer, Readonly<Record<string, string>>>>;

/** The name of a contestant; not all of them run in both layers. */
export type Contestant = keyof (typeof CONTESTANTS)['memory'];

/** All names. */
export const CONTESTANT_NAMES = Object.keys(CONTESTANTS.memory) as Contestant[];

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
  return contestant !== 'ours' && contestant !== 'floor';
}

import { startRedisServer } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { sleep } from '../common/clock.js';
import type { Leg } from './client-process.js';
import { contestantsOf, type Contestant, type Layer, WORKLOADS } from './contestants.js';
import type { ValueSize } from './values.js';

/** How long the race is. */
export interface RaceOptions {
  readonly layers: readonly Layer[];
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly legMs: number;
}

/** All legs of one contestant with values of one size, round after round. */
export interface Track {
  readonly layer: Layer;
  readonly size: ValueSize;
  readonly contestant: Contestant;
  /** Each caller gets an object of its own. */
  readonly isCopied: boolean;
  readonly legs: readonly Leg[];
}

const WARM_UP_MS = 1000;
const BREATH_MS = 50;

/** Lets the contestants run one after the other, round after round, each in its own process. */
export async function race({ layers, contestants, rounds, legMs }: RaceOptions): Promise<Track[]> {
  await using server = await startRedisServer();
  const { port } = server.node.address;
  const tracks: Track[] = [];
  for (const layer of layers) {
    const children = new Map<Contestant, Child>();
    try {
      for (const contestant of contestantsOf(layer, contestants)) {
        const child = Child.start(contestant, new URL('./client-process.js', import.meta.url));
        children.set(contestant, child);
        await child.call('open', layer, contestant, port);
      }
      for (const size of WORKLOADS[layer].sizes) {
        tracks.push(...(await raceOfSize(layer, size, children, { rounds, legMs })));
      }
      await Promise.all([...children.values()].map((child) => child.call('close')));
    } finally {
      await Promise.all([...children.values()].map((child) => child.end()));
    }
  }
  return tracks;
}

async function raceOfSize(
  layer: Layer,
  size: ValueSize,
  children: ReadonlyMap<Contestant, Child>,
  { rounds, legMs }: Pick<RaceOptions, 'rounds' | 'legMs'>,
): Promise<Track[]> {
  const run = async (child: Child, ms: number): Promise<Leg> => {
    await sleep(BREATH_MS);
    return child.call('leg', size, ms);
  };
  const tracks: (Track & { readonly legs: Leg[] })[] = [];
  for (const [contestant, child] of children) {
    const isCopied = await child.call<boolean>('fill', size);
    await run(child, WARM_UP_MS);
    tracks.push({ layer, size, contestant, isCopied, legs: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, legs } of tracks) {
      const child = children.get(contestant);
      if (child !== undefined) legs.push(await run(child, legMs));
    }
  }
  return tracks;
}

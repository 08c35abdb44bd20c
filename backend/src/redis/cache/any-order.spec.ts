import { CacheRig, turns } from '../../../test/support/cache-rig.js';
import { seededRandom } from '../../../test/support/random-histories.js';

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);

describe('changes and loads in any order', () => {
  it.each(SEEDS)(
    'give nobody what was before a change of this process, and keep nothing older (seed %i)',
    async (seed) => {
      const rig = new CacheRig();
      const random = seededRandom(seed);
      const chance = (below: number): number => Math.floor(random() * below);
      const latency = (): Promise<void> => turns(chance(4));
      const [one, two] = [rig.start({ softTimeoutMs: 5 }), rig.start()];
      one.behind().latency = latency;
      two.behind().latency = latency;
      let source = 0;
      let changed = 0;
      const wrong: string[] = [];

      const load = async (): Promise<number> => {
        await turns(chance(3));
        const value = source;
        await turns(chance(6));
        return value;
      };
      const read = async (): Promise<void> => {
        const oldest = changed;
        const isMany = chance(3) === 0;
        const value = isMany
          ? (await one.cache.getOrSetMany(['k'], async () => new Map([['k', await load()]]))).get(
              'k',
            )
          : await one.cache.getOrSet('k', load, { refreshAhead: 0.01, tags: ['t'] });
        if ((value ?? -1) < oldest) wrong.push(`${String(value)} after ${String(oldest)}`);
      };
      const change = async (): Promise<void> => {
        const value = ++source;
        const way = chance(3);
        if (way === 0) await one.cache.set('k', value, { tags: ['t'] });
        if (way === 1) await one.cache.delete('k');
        if (way === 2) await one.cache.delete(['k', 'other']);
        changed = value;
      };
      const changes = (async () => {
        for (let i = 0; i < 6; i++) {
          await turns(chance(12));
          await change();
        }
      })();
      const reads: Promise<unknown>[] = [];
      for (let i = 0; i < 25; i++) {
        reads.push(read());
        if (chance(3) === 0) reads.push(two.cache.getOrSet('k', load, { tags: ['t'] }));
        await turns(chance(3));
        await rig.clock.advance(chance(8));
      }
      const all = Promise.all([changes, ...reads]);
      for (let i = 0; i < 60; i++) await rig.clock.advance(20);
      await all;

      expect(wrong).toEqual([]);
      const kept = [await one.cache.get<number>('k'), await two.cache.get<number>('k')];
      for (const value of kept) expect(value ?? source).toBe(source);
      await rig.close();
      expect(rig.clock.pending).toBe(0);
    },
  );
});

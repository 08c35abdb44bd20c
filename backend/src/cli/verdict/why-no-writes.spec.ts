import type { SurveyedNode } from '../reach/index.js';
import { whyNoWrites } from './why-no-writes.js';

type Settings = Readonly<Record<string, string>>;

function primary(info: Settings, config: Settings = {}): SurveyedNode {
  const address = { host: '10.0.0.1', port: 1 };
  return {
    ...{ announced: address, address, fault: null, configFault: null, clock: null },
    role: { kind: 'primary', offset: 9, replicas: [] },
    info: new Map(Object.entries(info)),
    config: new Map(Object.entries(config)),
  };
}

const FULL = { maxmemory: '1000', maxmemory_policy: 'noeviction', used_memory: '1101' };
const FAILED = { rdb_last_bgsave_status: 'err' };
const SAVES = { save: '3600 1', 'stop-writes-on-bgsave-error': 'yes' };

describe('whyNoWrites', () => {
  it.each<[string, Settings, Settings, RegExp | null]>([
    ['says nothing against it', {}, {}, null],
    ['loads its data', { loading: '1' }, {}, /loads its data/],
    [
      'has too few replicas',
      { min_slaves_good_slaves: '1' },
      { 'min-replicas-to-write': '2' },
      /^refuses writes: 1 replicas keep up, and min-replicas-to-write is 2$/,
    ],
    [
      'has none, and may not be asked how many it wants',
      { min_slaves_good_slaves: '0' },
      {},
      /^refuses writes: 0 replicas keep up, and min-replicas-to-write is at least 1$/,
    ],
    ['has some, and may not be asked how many it wants', { min_slaves_good_slaves: '1' }, {}, null],
    ['is full', FULL, {}, /^refuses writes: 1101 bytes are used, maxmemory is 1000/],
    ['is full of what goes to replicas', { ...FULL, mem_not_counted_for_evict: '101' }, {}, null],
    ['evicts', { ...FULL, maxmemory_policy: 'allkeys-lru' }, {}, null],
    ['has no limit', { ...FULL, maxmemory: '0' }, {}, null],
    ['cannot save', FAILED, SAVES, /^refuses writes and PING: the last write to disk has failed$/],
    ['cannot save, and need not', FAILED, { ...SAVES, save: '' }, null],
    ['cannot save, and goes on', FAILED, { ...SAVES, 'stop-writes-on-bgsave-error': 'no' }, null],
    ['cannot append', { aof_last_write_status: 'err' }, {}, /^refuses writes and PING/],
  ])('of a primary that %s', (_, info, config, said) => {
    const why = whyNoWrites(primary(info, config));
    if (said === null) expect(why).toBeNull();
    else expect(why).toMatch(said);
  });
});

import { replicaView, sentinelView } from '../../../../../test/support/sentinel-views.js';
import { adviseOnEviction, adviseOnMinReplicas, adviseOnSentinels } from './cluster-advice.js';

const node = (port: number) => ({ host: '10.0.0.1', port });
const HEALTHY = sentinelView(node(1), {
  sentinel: node(26_379),
  id: 'a',
  replicas: [2, 3].map((port) => replicaView(node(port))),
  otherSentinels: [26_380, 26_381].map((port) => ({ address: node(port), id: String(port) })),
});

describe('adviseOnSentinels', () => {
  it('reports nothing about good settings', () => {
    expect(adviseOnSentinels(HEALTHY, 'mymaster')).toEqual([]);
  });

  it.each([
    [{ downAfterMs: 1199 }, 'sentinel down-after-milliseconds mymaster'],
    [{ failoverTimeoutMs: 30_001 }, 'sentinel failover-timeout mymaster'],
    [{ quorum: 1 }, 'sentinel monitor mymaster … quorum'],
    [{ quorum: 4 }, 'sentinel monitor mymaster … quorum'],
    [{ replicas: [] }, 'sentinel replicas mymaster'],
    [{ otherSentinels: HEALTHY.otherSentinels.slice(1) }, 'sentinel sentinels mymaster'],
  ])('finds fault with %j', (over, field) => {
    const problems = adviseOnSentinels({ ...HEALTHY, ...over }, 'mymaster');
    expect(problems.map((problem) => problem.field)).toEqual([field]);
    expect(problems[0]?.remedy).toMatch(/\w/);
  });

  it.each([{ downAfterMs: 1200 }, { failoverTimeoutMs: 30_000 }, { quorum: 3 }])(
    'accepts %j, which is just good enough',
    (over) => {
      expect(adviseOnSentinels({ ...HEALTHY, ...over }, 'mymaster')).toEqual([]);
    },
  );

  it('recommends a majority as the quorum', () => {
    const [problem] = adviseOnSentinels({ ...HEALTHY, quorum: 9 }, 'eu');
    expect(problem?.remedy).toContain('SENTINEL SET eu quorum 2');
  });

  it('reports all problems at once', () => {
    const bad = { ...HEALTHY, downAfterMs: 100, quorum: 1, replicas: [], otherSentinels: [] };
    expect(adviseOnSentinels(bad, 'mymaster')).toHaveLength(4);
  });
});

describe('adviseOnEviction', () => {
  it.each([
    [0, 'allkeys-lru'],
    [1, 'noeviction'],
  ])('reports nothing when nothing is evicted: maxmemory %i, %s', (maxMemory, policy) => {
    expect(adviseOnEviction(maxMemory, policy)).toEqual([]);
  });

  it.each(['volatile-lru', 'volatile-ttl', 'allkeys-lfu'])('finds fault with %s', (policy) => {
    const [problem] = adviseOnEviction(1024, policy);
    expect(problem).toMatchObject({ field: 'maxmemory-policy', value: policy });
    expect(problem?.remedy).toContain('noeviction');
  });
});

describe('adviseOnMinReplicas', () => {
  it.each([
    [0, 0, 0],
    [0, 1, 0],
    [0, 2, 1],
    [0, 5, 1],
    [1, 2, 0],
    [1, 1, 1],
    [2, 2, 1],
    [1, 0, 1],
    [2, 3, 0],
  ])('with min-replicas-to-write %i and %i replicas finds %i faults', (min, replicas, faults) => {
    expect(adviseOnMinReplicas(min, replicas)).toHaveLength(faults);
  });
});

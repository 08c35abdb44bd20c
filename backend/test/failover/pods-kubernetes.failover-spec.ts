import { describePods } from '../support/describe-pods.js';

jest.setTimeout(180_000);

const NAMESPACE = 'shop.svc.cluster.local';

// The names, the volumes and the search domains of deploy/kubernetes/base.
describePods({
  platform: 'Kubernetes',
  family: 4,
  dnsLagMs: 3000,
  search: [NAMESPACE, 'svc.cluster.local', 'cluster.local'],
  nodes: [0, 1, 2].map((i) => `redis-${String(i)}.redis.${NAMESPACE}`),
  sentinels: [0, 1, 2].map((i) => `sentinel-${String(i)}.sentinel.${NAMESPACE}`),
  volumes: ['sentinel'],
  secrets: 'mounted',
  acts: ['host lost', 'crash', 'redeploy all', 'drill', 'scale reads'],
});

import { describePods } from '../support/describe-pods.js';

jest.setTimeout(180_000);

const at = (name: string): string => `${name}.railway.internal`;

// The services of deploy/railway. Their private addresses are IPv6, and each has a volume.
describePods({
  platform: 'Railway',
  family: 6,
  dnsLagMs: 1000,
  search: [],
  nodes: ['redis-primary', 'redis-replica-1', 'redis-replica-2'].map(at),
  sentinels: ['sentinel-1', 'sentinel-2', 'sentinel-3'].map(at),
  volumes: ['redis', 'sentinel'],
  secrets: 'archived',
  acts: ['host lost', 'overlap without grace', 'redeploy all', 'drill'],
});

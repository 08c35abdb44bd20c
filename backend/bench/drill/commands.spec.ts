import { callsIn } from './commands.js';
import { sumOfMetric } from './metrics.js';

describe('counting commands', () => {
  it('adds up the values of one metric, and of no other', () => {
    const text = 'a_total{kind="read"} 3\na_total{kind="write"} 4\na_total_more 9\nb 1\nb_total 5';
    expect(sumOfMetric(text, 'a_total')).toBe(7);
    expect(sumOfMetric(text, 'b')).toBe(1);
    expect(sumOfMetric(text, 'c')).toBeNull();
    expect(sumOfMetric(text, 'a_total', ['kind="write"'])).toBe(4);
    expect(sumOfMetric(text, 'a_total', ['kind="other"'])).toBeNull();
  });

  const fields = new Map([
    ['cmdstat_get', 'calls=10,usec=1'],
    ['cmdstat_evalsha', 'calls=5,usec=1'],
    ['cmdstat_ping', 'calls=100,usec=1'],
    ['cmdstat_client|setinfo', 'calls=3,usec=1'],
    ['redis_version', '7'],
  ]);

  it('leaves out what the cluster does for itself', () => {
    expect(callsIn(fields)).toBe(15);
  });

  it('counts on a replica only what clients read there', () => {
    expect(callsIn(fields, true)).toBe(10);
  });
});

import { ConfigInvalidError } from '../base/errors/index.js';
import {
  METRICS,
  type RedisMetricsOptions,
  type ResolvedMetricsOptions,
} from './metrics-options.js';
import { METRICS_MODULE } from './metrics.module.js';

const PREFIX = 'redis_ha_';

function checkOptions(options: RedisMetricsOptions): ResolvedMetricsOptions {
  return METRICS.resolve(options);
}

function checkPath(path: unknown): unknown {
  return METRICS_MODULE.resolve({ path }).path;
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    return error.problems.map(({ field }) => field);
  }
}

describe('the options of the metrics', () => {
  it.each(['redis_ha_', 'a_', '_x_', 'Shop2_'])('take the prefix %p', (prefix) => {
    const { prefix: taken, labels } = checkOptions({ prefix, labels: {} });
    expect({ taken, labels }).toEqual({ taken: prefix, labels: {} });
  });

  it.each(['', 'redis', '2redis_', 'redis-ha_', 'a b_', 'ä_', 7, null])(
    'refuse the prefix %p',
    (prefix) => {
      const options = { prefix: prefix as string, labels: {} };
      expect(problemsOf(() => checkOptions(options))).toEqual(['metrics.prefix']);
    },
  );

  it('take labels of the application', () => {
    const labels = { service: 'shop', zone: '' };
    expect(checkOptions({ prefix: PREFIX, labels }).labels).toEqual(labels);
  });

  it.each([
    ['a name with a sign', { 'my-label': 'x' }],
    ['a name that is reserved', { __name__: 'x' }],
    ['a name of ours', { kind: 'x' }],
    ['the name of the connection', { connection: 'x' }],
    ['the bound of buckets', { le: 'x' }],
    ['a number', { service: 7 }],
    ['a text without end', { service: 'x'.repeat(129) }],
  ])('refuse %s in the labels', (_, labels) => {
    const [name = ''] = Object.keys(labels);
    const options = { prefix: PREFIX, labels: labels as Record<string, string> };
    expect(problemsOf(() => checkOptions(options))).toEqual([`metrics.labels.${name}`]);
  });

  it('refuse more than ten labels, and say all that is wrong at once', () => {
    const labels = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`l${String(n)}`, '']));
    expect(problemsOf(() => checkOptions({ prefix: '', labels }))).toEqual([
      'metrics.prefix',
      'metrics.labels',
    ]);
  });

  it('do not repeat the value of a label that is none', () => {
    const labels = { password: { secret: 'planted' } } as unknown as Record<string, string>;
    expect(() => checkOptions({ prefix: PREFIX, labels })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('planted') as string }),
    );
  });

  it.each(['/metrics', 'metrics', '/internal/app.metrics', false])('take the path %p', (path) => {
    expect(checkPath(path)).toBe(path);
  });

  it.each(['', '/', '/:id', '/a b', '*', true, null, 7])('refuse the path %p', (path) => {
    expect(problemsOf(() => checkPath(path))).toEqual(['metrics.path']);
  });

  it('refuse a name that is no option, with the nearest', () => {
    expect(() => METRICS_MODULE.resolve({ prefx: 'a_' })).toThrow(
      'metrics.prefx = "***": is not an option. Did you mean metrics.prefix?',
    );
  });
});

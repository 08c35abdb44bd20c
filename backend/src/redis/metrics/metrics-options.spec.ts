import { ConfigInvalidError } from '../base/errors/index.js';
import { checkOptions, checkPath } from './metrics-options.js';

const PREFIX = 'redis_ha_';

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
    expect(checkOptions({ prefix, labels: {} })).toEqual({ prefix, labels: {} });
  });

  it.each(['', 'redis', '2redis_', 'redis-ha_', 'a b_', 'ä_', 7, null])(
    'refuse the prefix %p',
    (prefix) => {
      const options = { prefix: prefix as string, labels: {} };
      expect(problemsOf(() => checkOptions(options))).toEqual(['prefix']);
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
    expect(problemsOf(() => checkOptions(options))).toEqual([`labels.${name}`]);
  });

  it('refuse more than ten labels, and say all that is wrong at once', () => {
    const labels = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`l${String(n)}`, '']));
    expect(problemsOf(() => checkOptions({ prefix: '', labels }))).toEqual(['prefix', 'labels']);
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
    expect(problemsOf(() => checkPath(path))).toEqual(['path']);
  });
});

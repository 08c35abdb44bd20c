import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import type { SentinelModeOptions, SentinelOptions } from './redis-options.js';
import { resolveOptions, type Resolution } from './resolve-options.js';

const THREE = ['sentinel1:26379', 'sentinel2', '[2001:db8::3]:26380'];

function withNodes(nodes: unknown, more: object = {}): SentinelModeOptions {
  return { mode: 'sentinel', sentinel: { nodes, ...more } as SentinelOptions };
}

/** Resolves it, and finds no other Sentinels than those that are listed. */
function settled(input: SentinelModeOptions): Resolution {
  const resolution = resolveOptions(input);
  const { shortList } = resolution;
  const count = shortList?.options.sentinel.nodes.length ?? 0;
  return shortList?.tooFew({ count, detail: null }) ?? resolution;
}

function problemsOf(input: SentinelModeOptions): readonly Problem[] {
  try {
    settled(input);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe('Sentinel mode', () => {
  it('reads names, IPv4 and IPv6 addresses and objects, with the default port', () => {
    const { options, warnings } = resolveOptions(
      withNodes([...THREE, '2001:db8::4', { host: '10.0.0.5', port: 5 }], {
        password: 'sentinel-pw',
        username: 'watcher',
      }),
    );
    expect(warnings).toEqual([]);
    expect(options).toMatchObject({
      mode: 'sentinel',
      sentinel: {
        masterName: 'mymaster',
        username: 'watcher',
        password: 'sentinel-pw',
        tls: null,
        pollIntervalMs: 1000,
        fastPollIntervalMs: 75,
        commandTimeoutMs: 500,
        nodes: [
          { host: 'sentinel1', port: 26379 },
          { host: 'sentinel2', port: 26379 },
          { host: '2001:db8::3', port: 26380 },
          { host: '2001:db8::4', port: 26379 },
          { host: '10.0.0.5', port: 5 },
        ],
      },
    });
    expect(options).not.toHaveProperty('sentinel.strict');
  });

  it.each<[string, object, boolean]>([
    ['the nodes speak TLS and the Sentinels do not', { node: { tls: true } }, true],
    ['both do', { node: { tls: true }, sentinel: { nodes: THREE, tls: true } }, false],
    ['neither does', {}, false],
    ['the name of the nodes is fixed', { node: { tls: { servername: 'redis' } } }, false],
    ['only the Sentinels do', { sentinel: { nodes: THREE, tls: true } }, false],
  ])('warns about plain Sentinels where %s: %#', (_, more, isWarned) => {
    const { warnings } = resolveOptions({ ...withNodes(THREE), ...more });
    const fields = warnings.map(({ field }) => field);
    expect(fields).toEqual(isWarned ? ['sentinel.tls'] : []);
  });

  it('keeps the password and TLS of the Sentinels apart from those of the data nodes', () => {
    const { options } = resolveOptions({
      ...withNodes(THREE, { password: 'sentinel-pw' }),
      node: { password: 'data-pw', tls: true },
    });
    expect(options).toMatchObject({
      node: { password: 'data-pw' },
      sentinel: { password: 'sentinel-pw', tls: null },
    });
    expect(options.node.tls).toEqual({});
  });

  it('names every bad entry of the list', () => {
    expect(
      problemsOf(withNodes(['a:1', 'b:x', '', 7, { host: 'c' }, { host: 'd', port: 0 }])),
    ).toEqual([
      expect.objectContaining({ field: 'sentinel.nodes[1]', value: 'b:x' }),
      expect.objectContaining({ field: 'sentinel.nodes[2]', value: '' }),
      expect.objectContaining({ field: 'sentinel.nodes[3]', value: 7 }),
      expect.objectContaining({ field: 'sentinel.nodes[5]', value: 'd:0' }),
    ]);
  });

  it.each<[unknown]>([['a,b,c'], [{}], [null], [7]])('refuses %p as a list', (nodes) => {
    expect(problemsOf(withNodes(nodes)).map(({ field }) => field)).toEqual(['sentinel.nodes']);
  });

  it('drops a Sentinel that is listed twice, with a warning', () => {
    const { options, warnings } = resolveOptions(
      withNodes(['a', 'b', 'A:26379', 'c', '::1', '[0:0::1]:26379']),
    );
    expect(options).toMatchObject({
      sentinel: { nodes: [{ host: 'a' }, { host: 'b' }, { host: 'c' }, { host: '::1' }] },
    });
    expect(warnings).toMatchObject([
      { field: 'sentinel.nodes[2]', message: expect.stringContaining('sentinel.nodes[0]') },
      { field: 'sentinel.nodes[5]', message: expect.stringContaining('sentinel.nodes[4]') },
    ]);
  });

  it('maps announced addresses', () => {
    const { options } = resolveOptions(withNodes(THREE, { natMap: { 'a:1': 'b:2' } }));
    if (options.mode !== 'sentinel') throw new TypeError('expected Sentinel mode');
    expect(options.sentinel.mapAddress({ host: 'a', port: 1 })).toEqual({ host: 'b', port: 2 });
  });
});

describe('too few Sentinels', () => {
  const FALLBACK = { standaloneAddress: { host: 'redis1', port: 6380 } };

  const FEW: readonly [string, unknown, number][] = [
    ['none listed', [], 0],
    ['no list', undefined, 0],
    ['one', ['a'], 1],
    ['two', ['a', 'b'], 2],
    ['three, of which two are the same', ['a', 'b', 'a:26379'], 2],
  ];

  it.each(FEW)('%s: refuses to start when no Redis was named instead', (_, nodes, count) => {
    const problems = problemsOf(withNodes(nodes));
    expect(problems).toMatchObject([
      {
        field: 'sentinel.nodes',
        message: `Sentinel mode needs 3 or more Sentinels and has ${String(count)}`,
        remedy: expect.stringContaining('List three or more in sentinel.nodes'),
      },
    ]);
    expect(problems[0]?.remedy).toContain(
      'name in standaloneAddress the one Redis to use without failover',
    );
  });

  it.each(FEW)('%s: falls back to a Redis that was named, with a warning', (_, nodes, count) => {
    const { options, warnings } = settled({ ...withNodes(nodes), ...FALLBACK });
    expect(options).toMatchObject({ mode: 'standalone', address: FALLBACK.standaloneAddress });
    const warning = warnings.at(-1);
    expect(warning?.field).toBe('sentinel.nodes');
    expect(warning?.message).toContain(`needs 3 or more Sentinels and has ${String(count)}`);
    expect(warning?.message).toContain('WITHOUT FAILOVER against the one Redis at redis1:6380');
    expect(warning?.remedy).toContain('List three or more in sentinel.nodes');
    expect(warning?.remedy).toContain('sentinel.strict');
  });

  it('no sentinel group at all is refused too', () => {
    const problems = problemsOf({ mode: 'sentinel' } as SentinelModeOptions);
    expect(problems).toMatchObject([{ field: 'sentinel.nodes', value: 'none' }]);
  });

  it.each<[string, readonly string[], boolean]>([
    ['a name', ['a', '10.0.0.1'], true],
    ['no name', ['10.0.0.1', '::1'], false],
    ['nothing', [], false],
  ])('with %s listed, says that a name can stand for several: %#', (_, nodes, isSaid) => {
    const [problem] = problemsOf(withNodes(nodes));
    expect(problem?.remedy.includes('set sentinel.resolveNames to true')).toBe(isSaid);
  });

  it('are enough when one of them is a name that is looked up', () => {
    const { options, warnings } = settled(withNodes(['a'], { resolveNames: true }));
    expect(options).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: true } });
    expect(warnings).toEqual([]);
  });

  it('are too few when names are looked up and none is listed', () => {
    const [problem] = problemsOf(withNodes(['10.0.0.1', '::1'], { resolveNames: true }));
    expect(problem?.field).toBe('sentinel.nodes');
  });

  it('are not called so before it was found out how many those listed stand for', () => {
    const { options, warnings, shortList } = resolveOptions(withNodes(['a', 'b']));
    expect(options).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: false } });
    expect(warnings).toEqual([]);
    const { options: shared } = shortList!.enough(true);
    expect(shared).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: true } });
    expect(() => shortList!.tooFew({ count: 2, detail: 'they know of no others' })).toThrow(
      'needs 3 or more Sentinels and has 2 (they know of no others)',
    );
  });

  it.each([
    ['nothing else is known', {}, true],
    ['one Redis is named', FALLBACK, false],
    ['it is strict', { strict: true }, false],
  ])('may be waited for where %s: %#', (_, more, mayWait) => {
    const { standaloneAddress, ...sentinel } = { standaloneAddress: undefined, ...more };
    const input = withNodes(['a'], sentinel);
    const { shortList } = resolveOptions(
      standaloneAddress === undefined ? input : { ...input, standaloneAddress },
    );
    expect(shortList?.mayWait).toBe(mayWait);
  });

  it('falls back to standaloneAddress with the same node, routing and pools', () => {
    const { options } = settled({
      ...withNodes(['a']),
      standaloneAddress: { host: 'redis1', port: 6380 },
      node: { password: 'pw', db: 1 },
      routing: { readTimeoutMs: 9 },
      pools: { writeSize: 2 },
    });
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: 'redis1', port: 6380 },
      node: { password: 'pw', db: 1 },
      routing: { readTimeoutMs: 9 },
      pools: { writeSize: 2 },
    });
  });

  it('refuses to start when strict', () => {
    const strict = withNodes(['a', 'b'], { strict: true });
    expect(problemsOf({ ...strict, ...FALLBACK })).toMatchObject([
      {
        field: 'sentinel.nodes',
        value: 'a:26379, b:26379',
        message: 'Sentinel mode needs 3 or more Sentinels and has 2',
      },
    ]);
  });

  it('entries that cannot be read are reported alone: how many the others stand for is not known yet', () => {
    const strict = { strict: true };
    const fields = (nodes: readonly string[]): readonly string[] =>
      problemsOf(withNodes(nodes, strict)).map(({ field }) => field);
    expect(fields(['a', 'b', 'c:x'])).toEqual(['sentinel.nodes[2]']);
    expect(fields(['a', 'c:x'])).toEqual(['sentinel.nodes[1]']);
  });

  it('strict is content with three', () => {
    expect(settled(withNodes(THREE, { strict: true })).options.mode).toBe('sentinel');
  });
});

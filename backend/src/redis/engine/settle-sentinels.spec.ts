import { FakeSentinelNode } from '../../../test/support/fake-sentinel-node.js';
import { outcomeOf } from '../../../test/support/outcomes.js';
import { resolveFromEnv, resolveOptions, type Resolution } from '../config/index.js';
import { ManualClock } from '../testing/index.js';
import { settleSentinels } from './settle-sentinels.js';

const PRIMARY = { host: '10.0.0.1', port: 6379 };
const OTHERS = [2, 3].map((n) => ({
  address: { host: `10.0.0.${String(n)}`, port: 26379 },
  id: `s${String(n)}`,
}));
const NAME = 'redis-headless.prod.svc';

describe('a list of fewer than three Sentinels', () => {
  let sentinel: FakeSentinelNode;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    sentinel = await FakeSentinelNode.start('s1', { primary: PRIMARY, epoch: 1 });
    sentinel.others = OTHERS;
  });
  afterEach(() => sentinel.stop());

  const inCode = (host: string, more: { readonly discover?: boolean } = {}): Resolution => {
    const { port } = sentinel.address;
    return resolveOptions({ mode: 'sentinel', sentinel: { nodes: [{ host, port }], ...more } });
  };
  const inEnvironment = (more: NodeJS.ProcessEnv = {}): Resolution =>
    resolveFromEnv({ REDIS_SENTINEL_HOSTS: `127.0.0.1:${String(sentinel.address.port)}`, ...more });
  const found =
    (...addresses: string[]) =>
    (): Promise<{ address: string; family: number }[]> =>
      addresses.length === 0
        ? Promise.reject(new RangeError('ENOTFOUND'))
        : Promise.resolve(
            addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          );
  const settle = (
    resolution: Resolution,
    lookUp?: Parameters<typeof settleSentinels>[2],
  ): Promise<Resolution> => settleSentinels(resolution, clock, lookUp);
  /** The same where somebody does not answer: lets the time for that pass. */
  async function settleInVain(...args: Parameters<typeof settle>): Promise<Resolution> {
    const settled = settle(...args);
    settled.catch(() => undefined);
    for (let i = 0; i < 2; i++) await clock.advance(2000);
    return settled;
  }

  it('is enough when the one that is listed knows two others', async () => {
    const { options, warnings } = await settle(inCode('127.0.0.1'));
    expect(options).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: false } });
    expect(warnings).toEqual([]);
  });

  it('is enough when its one name leads to three addresses, without asking anybody', async () => {
    const lookUp = found('127.0.0.7', '127.0.0.8', '127.0.0.9');
    const { options } = await settle(inCode(NAME), lookUp);
    expect(options).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: true } });
    expect(sentinel.server.connectionsEver).toBe(0);
  });

  it('counts the addresses of one family: with both, each Sentinel would count twice', async () => {
    sentinel.others = [];
    const two = found('127.0.0.1', '127.0.0.2', '::1', '::2');
    const outcome = await outcomeOf(settleInVain(inCode(NAME), two));
    expect(outcome.code).toBe('CONFIG_INVALID');
    expect(String(outcome.error)).toContain('has 2');
    const three = found('127.0.0.1', '::1', '::2', '::3');
    expect((await settle(inCode(NAME), three)).options.mode).toBe('sentinel');
  });

  it('in code: is refused when the one that is listed knows no others, and nothing is written to a guess', async () => {
    sentinel.others = [];
    const outcome = await outcomeOf(settle(inCode('127.0.0.1')));
    expect(outcome.code).toBe('CONFIG_INVALID');
    expect(String(outcome.error)).toMatch(
      /has 1 \(they know of no others\).*name in standaloneAddress the one Redis/s,
    );
  });

  it('in code: is refused when others would not be used (discover: false)', async () => {
    const outcome = await outcomeOf(settle(inCode('127.0.0.1', { discover: false })));
    expect(outcome.code).toBe('CONFIG_INVALID');
  });

  it('in code: a name without an address is waited for, and looked up again', async () => {
    const { options } = await settleInVain(inCode(NAME), found());
    expect(options).toMatchObject({ mode: 'sentinel', sentinel: { resolveNames: true } });
  });

  it('in the environment: falls back to the default, with a warning that names it', async () => {
    sentinel.others = [];
    const { options, warnings } = await settle(inEnvironment());
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: '127.0.0.1', port: 6379 },
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.field).toBe('REDIS_SENTINEL_HOSTS');
    expect(warnings[0]?.message).toContain(
      'WITHOUT FAILOVER against the one Redis at 127.0.0.1:6379',
    );
  });

  it('in the environment: falls back when nobody answers', async () => {
    await sentinel.stop();
    const { options, warnings } = await settleInVain(inEnvironment({ REDIS_HOST: 'redis1' }));
    expect(options).toMatchObject({ mode: 'standalone', address: { host: 'redis1' } });
    expect(warnings[0]?.message).toContain('none has answered within 2000 ms');
  });

  it('in the environment: strict refuses, under the name of the variable', async () => {
    sentinel.others = [];
    const outcome = await outcomeOf(settle(inEnvironment({ REDIS_SENTINEL_STRICT: 'true' })));
    expect(String(outcome.error)).toMatch(/REDIS_SENTINEL_HOSTS.*REDIS_SENTINEL_STRICT refuses/s);
  });

  it('in the environment: strict is content with those that are discovered', async () => {
    const { options } = await settle(inEnvironment({ REDIS_SENTINEL_STRICT: 'true' }));
    expect(options.mode).toBe('sentinel');
  });
});

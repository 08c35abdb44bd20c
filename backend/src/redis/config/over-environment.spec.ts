import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import type { Environment } from './env-values.js';
import { resolveOverEnv } from './options-from-env.js';
import type { OptionsOverEnvironment } from './over-environment.js';

const SENTINELS: Environment = {
  REDIS_SENTINEL_HOSTS: 'sentinel1,sentinel2,sentinel3',
  REDIS_MASTER_NAME: 'orders',
  REDIS_PASSWORD: 'from the environment',
  REDIS_ROUTING_READ_TIMEOUT_MS: '300',
  REDIS_ROUTING_WRITE_TIMEOUT_MS: '9000',
};

function over(options: OptionsOverEnvironment | undefined, env: Environment) {
  return resolveOverEnv(options, env);
}

function problemsOf(options: unknown, env: Environment): readonly Problem[] {
  try {
    over(options as OptionsOverEnvironment, env);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe('options that are laid over the environment', () => {
  it('are the environment alone when there are none', () => {
    for (const options of [undefined, {}]) {
      expect(over(options, SENTINELS).options).toMatchObject({
        mode: 'sentinel',
        sentinel: { masterName: 'orders' },
        node: { password: 'from the environment' },
      });
    }
  });

  it('win over their own variables, one by one', () => {
    const { options } = over(
      { node: { password: 'from the vault' }, routing: { readTimeoutMs: 100 } },
      SENTINELS,
    );
    expect(options).toMatchObject({
      mode: 'sentinel',
      node: { password: 'from the vault' },
      routing: { readTimeoutMs: 100, writeTimeoutMs: 9000 },
    });
  });

  it('leave to the environment what is undefined', () => {
    const undefinedThere = { node: { password: undefined }, mode: undefined } as object;
    expect(over(undefinedThere, SENTINELS).options.node.password).toBe('from the environment');
  });

  it('replace lists and objects that are one value', () => {
    const { options } = over({ sentinel: { nodes: ['a', 'b', 'c'] } }, SENTINELS);
    expect(options).toMatchObject({
      sentinel: {
        masterName: 'orders',
        nodes: [{ host: 'a' }, { host: 'b' }, { host: 'c' }],
      },
    });
  });

  it.each<[string, OptionsOverEnvironment, Environment]>([
    [
      'its port',
      { mode: 'standalone', host: 'mine' },
      { REDIS_HOST: 'theirs', REDIS_PORT: '1234' },
    ],
    ['its URL', { mode: 'standalone', host: 'mine' }, { REDIS_URL: 'redis://theirs:1234' }],
    ['its host', { url: 'redis://mine' }, { REDIS_HOST: 'theirs', REDIS_PORT: '1234' }],
  ])('name an address as a whole: the environment does not give %s', (_, options, env) => {
    expect(over(options, env).options).toMatchObject({ address: { host: 'mine', port: 6379 } });
  });

  it('keep the user of the environment beside a password, and not beside a function for both', async () => {
    const env = { REDIS_USERNAME: 'app', REDIS_PASSWORD: 'old' };
    expect(over({ node: { password: 'new' } }, env).options.node).toMatchObject({
      username: 'app',
      password: 'new',
    });
    const credentials = () => ({ username: 'x', password: 'y' });
    expect(over({ node: { credentials } }, env).options.node).toMatchObject({
      username: null,
      password: null,
    });
  });

  it('are reported under their paths, and variables under their names', () => {
    const problems = problemsOf(
      { node: { db: -1 }, routing: { writeTimeoutMs: 0 } },
      { REDIS_ROUTING_READ_TIMEOUT_MS: '-5' },
    );
    expect(problems.map(({ field }) => field)).toEqual([
      'node.db',
      'REDIS_ROUTING_READ_TIMEOUT_MS',
      'routing.writeTimeoutMs',
    ]);
  });

  it('guess no Redis for too few Sentinels that the code lists', () => {
    const few = { mode: 'sentinel', sentinel: { nodes: ['a'] } } as const;
    const noOthers = { count: 1, detail: null };
    const guessed = over(few, {}).shortList;
    expect(() => guessed?.tooFew(noOthers)).toThrow(/sentinel\.nodes.*has 1/);
    expect(over(few, { REDIS_HOST: 'named' }).shortList?.tooFew(noOthers).options).toMatchObject({
      mode: 'standalone',
      address: { host: 'named', port: 6379 },
    });
  });

  it('are refused where they are no options', () => {
    expect(problemsOf('sentinel', {})).toMatchObject([{ message: 'must be an object' }]);
    expect(problemsOf({ node: 'host' }, SENTINELS)).toMatchObject([{ field: 'node' }]);
    expect(problemsOf({ noed: {} }, SENTINELS)).toMatchObject([{ field: 'noed' }]);
  });

  it('choose the mode, and say that its variable has no effect', () => {
    const { options, warnings } = over(
      { mode: 'memory' },
      { ...SENTINELS, REDIS_MODE: 'sentinel' },
    );
    expect(options.mode).toBe('memory');
    expect(warnings).toMatchObject([
      { field: 'REDIS_MODE', message: "has no effect, because mode is 'memory' in the code" },
    ]);
  });

  it('show no secret in what is reported', () => {
    const problems = problemsOf(
      { node: { password: 'code-secret', db: -1 }, sentinel: { strict: 'x' } },
      { ...SENTINELS, REDIS_PASSWORD: 'env-secret' },
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toMatch(/secret/);
  });
});

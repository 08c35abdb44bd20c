import { ConfigInvalidError } from '../../base/errors/index.js';
import {
  resolveClusterOptions,
  resolveServerOptions,
  type RedisTestClusterOptions,
} from './cluster-options.js';

function problemsOf(options: unknown): string[] {
  try {
    resolveClusterOptions(options as RedisTestClusterOptions);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.message.split('\n').slice(1);
  }
  return [];
}

describe('the options of a test cluster', () => {
  it('are those of a usual cluster, with a password of its own, when none is given', () => {
    const options = resolveClusterOptions({});
    expect(options).toMatchObject({
      replicas: 2,
      sentinels: 3,
      groups: ['mymaster'],
      quorum: 2,
      minReplicasToWrite: 1,
      sentinelPassword: undefined,
    });
    expect(options.password).toMatch(/^[\w-]{22}$/);
    expect(resolveClusterOptions({}).password).not.toBe(options.password);
  });

  it('follow from each other where nothing is said', () => {
    const small = resolveClusterOptions({ replicas: 1, sentinels: 1, masterName: 'orders' });
    expect(small).toMatchObject({ groups: ['orders'], quorum: 1, minReplicasToWrite: 0 });
  });

  it('may go without a password', () => {
    expect(resolveClusterOptions({ password: null }).password).toBeUndefined();
    expect(resolveServerOptions({ password: '' }).password).toBeUndefined();
    expect(resolveServerOptions({}).password).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['a name that is none', { replica: 1 }, /replica = "\*\*\*": is not an option.*replicas/],
    ['text for a number', { sentinels: '3' }, /sentinels = "3": must be a whole number.*: 3/],
    ['a fraction', { readyTimeoutMs: 1.5 }, /readyTimeoutMs = 1.5: must be a whole number/],
    ['more votes than Sentinels', { sentinels: 3, quorum: 4 }, /quorum = 4: .*sentinels/],
    ['more linked replicas than there are', { minReplicasToWrite: 3 }, /minReplicasToWrite = 3/],
    [
      'a group that Sentinel cannot have',
      { groups: ['a b'] },
      /groups\[0\] = "a b": .*letters, digits/,
    ],
    ['a group twice', { groups: ['a', 'a'] }, /groups\[1\] = "a": the name is there twice/],
    ['lines that are no list', { redisConfig: 'maxmemory 1mb' }, /redisConfig = .*a list of lines/],
    [
      'a user without a password',
      { username: 'app', password: null },
      /username = "app": .*password/,
    ],
  ])('refuse %s, with field, value and remedy', (_, options, problem) => {
    expect(problemsOf(options).join('\n')).toMatch(problem);
  });

  it('name every problem at once, and show no password', () => {
    const given = { password: 4711, sentinelPassword: 4712, replicas: -1 };
    const problems = problemsOf(given);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toMatch(/471/);
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import type { Environment } from './env-values.js';
import { resolveFromEnv } from './options-from-env.js';
import { changingCredentials } from './resolve-access.js';

const SECRET = 'planted-S3cret-text';
const SENTINELS = { REDIS_SENTINEL_HOSTS: 'a,b,c' };

function problemsOf(env: Environment): readonly Problem[] {
  try {
    resolveFromEnv(env);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe('a secret in a file', () => {
  let folder = '';
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('REDIS_PASSWORD_FILE: a connection logs in with what is in the file then, without its line break', async () => {
    const file = write('password', `${SECRET}\n`);
    const { options, warnings } = resolveFromEnv({
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD_FILE: file,
    });
    expect(warnings).toEqual([]);
    const login = () => changingCredentials(options.node)?.current(options.node.username);
    expect(await login()).toMatchObject({ username: 'app', password: SECRET });
    write('password', ' other, with white space ');
    expect(await login()).toMatchObject({ password: ' other, with white space ' });
  });

  it('REDIS_PASSWORD_FILE: while it is being replaced the last one holds', async () => {
    const file = write('replaced', SECRET);
    const { options } = resolveFromEnv({ REDIS_PASSWORD_FILE: file });
    write('replaced', '');
    const login = await changingCredentials(options.node)?.current(null);
    expect(login).toMatchObject({ password: SECRET });
  });

  it('REDIS_SENTINEL_PASSWORD_FILE is that of the Sentinels alone', async () => {
    const { options } = resolveFromEnv({
      ...SENTINELS,
      REDIS_SENTINEL_PASSWORD_FILE: write('sentinel', SECRET),
    });
    if (options.mode !== 'sentinel') throw new RangeError(options.mode);
    expect(await changingCredentials(options.sentinel)?.current(null)).toMatchObject({
      password: SECRET,
    });
    expect(changingCredentials(options.node)).toBeNull();
  });

  it('REDIS_URL_FILE holds a whole address', () => {
    const { options } = resolveFromEnv({
      REDIS_URL_FILE: write('url', 'redis://:pw@redis1:6380/2\n'),
    });
    expect(options).toMatchObject({
      address: { host: 'redis1', port: 6380 },
      node: { password: 'pw', db: 2 },
    });
  });

  it.each(['REDIS_JOURNAL_KEYS_FILE', 'REDIS_SESSIONS_KEYS_FILE'])('%s holds keys', (variable) => {
    const keys = ['a', 'b'].map((byte) => Buffer.alloc(32, byte).toString('base64'));
    const { options } = resolveFromEnv({ [variable]: write('keys', `${keys.join(',')}\n`) });
    const ring = variable.includes('JOURNAL') ? options.journal.keys : options.sessions.keys;
    expect(ring?.ids).toHaveLength(2);
  });

  it.each([
    'REDIS_PASSWORD_FILE',
    'REDIS_SENTINEL_PASSWORD_FILE',
    'REDIS_URL_FILE',
    'REDIS_JOURNAL_KEYS_FILE',
    'REDIS_SESSIONS_KEYS_FILE',
  ])('%s that cannot be used is named with the reason', (variable) => {
    const reason = (path: string): Problem | undefined =>
      problemsOf({ ...SENTINELS, [variable]: path })[0];
    const empty = write('empty', '\n');
    expect(reason(empty)).toMatchObject({
      field: variable,
      value: empty,
      message: expect.stringContaining('an empty file') as string,
      remedy: expect.stringContaining('Name a readable file') as string,
    });
    expect(reason(folder)?.message).toContain('EISDIR');
    expect(reason(join(folder, 'none'))?.message).toContain('ENOENT');
  });

  it('a secret where the path of its file belongs is not shown', () => {
    for (const variable of [
      'REDIS_PASSWORD_FILE',
      'REDIS_JOURNAL_KEYS_FILE',
      'REDIS_TLS_CA_FILE',
    ]) {
      const [problem] = problemsOf({ [variable]: SECRET });
      expect(problem).toMatchObject({ field: variable, value: '***' });
      expect(JSON.stringify(problem)).not.toContain(SECRET);
    }
  });

  it('a file that may not be read says so', () => {
    if (process.getuid?.() === 0) {
      process.stderr.write('SKIPPED: root may read every file, so EACCES cannot be seen here\n');
      return;
    }
    const file = write('forbidden', SECRET);
    chmodSync(file, 0o000);
    expect(problemsOf({ REDIS_PASSWORD_FILE: file })[0]?.message).toContain('EACCES');
  });

  it.each([
    ['REDIS_PASSWORD_FILE', 'REDIS_PASSWORD'],
    ['REDIS_SENTINEL_PASSWORD_FILE', 'REDIS_SENTINEL_PASSWORD'],
    ['REDIS_URL_FILE', 'REDIS_URL'],
    ['REDIS_JOURNAL_KEYS_FILE', 'REDIS_JOURNAL_KEYS'],
    ['REDIS_SESSIONS_KEYS_FILE', 'REDIS_SESSIONS_KEYS'],
  ])('%s and %s together are refused, also where they say the same', (file, variable) => {
    const key = Buffer.alloc(32, 'k').toString('base64');
    const value = variable === 'REDIS_URL' ? 'redis://redis1' : key;
    const problems = problemsOf({ ...SENTINELS, [variable]: value, [file]: write('both', value) });
    expect(problems).toMatchObject([
      {
        field: file,
        message: `is given together with ${variable}`,
        remedy: `Keep ${file} or ${variable}, not both`,
      },
    ]);
  });

  it('a password in REDIS_URL and one in a file are refused together', () => {
    const problems = problemsOf({
      REDIS_URL: 'redis://:pw@redis1',
      REDIS_PASSWORD_FILE: write('beside', SECRET),
    });
    expect(problems).toMatchObject([{ field: 'REDIS_PASSWORD_FILE' }]);
  });
});

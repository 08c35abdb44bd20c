import { inspect } from 'node:util';
import { ConfigInvalidError } from '../base/errors/index.js';
import { Credentials, type Login } from './credentials.js';
import { redactOptions } from './redact-options.js';
import { changingCredentials } from './resolve-access.js';
import { resolveOptions } from './resolve-options.js';

const SECRET = 'planted-S3cret-text';

describe('credentials by function', () => {
  const from = (load: () => unknown): Credentials => new Credentials('node.credentials', load);

  it.each<[string, () => unknown]>([
    ['an object', () => ({ username: 'app', password: 'pw' })],
    ['a promise of it', () => Promise.resolve({ username: 'app', password: 'pw' })],
  ])('may return %s', async (_, load) => {
    expect(await from(load).current(null)).toMatchObject({ username: 'app', password: 'pw' });
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new TypeError(SECRET);
      },
      /failed with TypeError/,
    ],
    ['rejects', () => Promise.reject(new RangeError(SECRET)), /failed with RangeError/],
    ['returns text', () => SECRET, /something else than \{ username, password \}/],
    ['returns no password', () => ({ username: SECRET }), /something else/],
    ['returns an empty password', () => ({ password: '' }), /an empty password/],
    ['returns a user that is no text', () => ({ username: 7, password: SECRET }), /something else/],
  ])('one that %s is named with its field, and shows nothing of it', async (_, load, message) => {
    const error = await from(load)
      .current(null)
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(ConfigInvalidError);
    expect(String(error)).toMatch(message);
    expect(String(error)).toContain('node.credentials');
    expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
  });

  it('are not shown by resolved options', () => {
    const load = () => ({ username: 'app', password: SECRET });
    const { options } = resolveOptions({ mode: 'standalone', node: { credentials: load } });
    const shown = [inspect(options, { depth: 10 }), JSON.stringify(redactOptions(options))].join();
    expect(shown).not.toContain(SECRET);
    expect(redactOptions(options)).toMatchObject({ node: { credentials: '***' } });
    const kept = changingCredentials(options.node);
    expect([JSON.stringify(kept), inspect(kept)]).toEqual(['"***"', '***']);
  });

  it.each(['username', 'password'])('are refused beside node.%s', (key) => {
    const node = { credentials: () => ({ password: SECRET }), [key]: 'fixed' };
    expect(() => resolveOptions({ mode: 'standalone', node })).toThrow(
      new RegExp(`node.credentials.*together with node.${key}`),
    );
  });
});

describe('connections that live when credentials change', () => {
  const noted = (list: Login[]) => (login: Login) => {
    list.push(login);
    return Promise.resolve('renewed' as const);
  };

  it('log in again when a new connection was let in with others', async () => {
    const passwords = ['old', 'old', 'new'];
    const own = new Credentials('node.credentials', () => ({ password: passwords.shift() }));
    const first: Login[] = [];
    own.keep(await own.current(null), noted(first));
    own.keep(await own.current(null), noted([]));
    expect(first).toEqual([]);
    own.keep(await own.current(null), noted([]));
    expect(first).toMatchObject([{ password: 'new' }]);
  });

  it('are not sent back to older ones by a connection that took long to open', async () => {
    const passwords = ['old', 'new'];
    const own = new Credentials('node.credentials', () => ({ password: passwords.shift() }));
    const [slow, quick]: [Login[], Login[]] = [[], []];
    const old = await own.current(null);
    own.keep(await own.current(null), noted(quick));
    own.keep(old, noted(slow));
    expect(quick).toEqual([]);
    expect(slow).toMatchObject([{ password: 'new' }]);
  });

  it('are counted by what they made of it, and forgotten when they are closed', async () => {
    const own = new Credentials('node.credentials', () => ({ password: 'pw' }));
    const login = await own.current(null);
    const closed = own.keep(login, () => Promise.resolve('refused'));
    own.keep(login, () => Promise.resolve('renewed'));
    own.keep(login, () => Promise.resolve('later'));
    expect(await own.renew(null)).toEqual({ renewed: 1, refused: 1, later: 1 });
    closed();
    expect(await own.renew(null)).toEqual({ renewed: 1, refused: 0, later: 1 });
  });
});

import type { SessionService } from '../../redis/index.js';
import { AuthService } from './auth.service.js';
import type { LoginThrottle } from './login-throttle.js';
import type { UsersRepository } from './users.repository.js';

const MOST = 32;

it('refuses at once to hash more passwords than it can, and goes on afterwards', async () => {
  const users = { findByEmail: () => Promise.resolve(null) } as unknown as UsersRepository;
  const enter = jest.fn(() => Promise.resolve());
  const throttle = { enter } as unknown as LoginThrottle;
  const sessions = {} as unknown as SessionService;
  const auth = new AuthService(users, sessions, throttle);
  const login = (): Promise<unknown> =>
    auth.login({ email: 'a@example.com', password: 'x' }).catch((error: unknown) => error);
  const answers = await Promise.all(Array.from({ length: MOST + 1 }, login));
  const [last, ...others] = answers.reverse();
  expect(last).toMatchObject({ body: { statusCode: 503, code: 'LOGIN_BUSY' }, retryAfterS: 1 });
  for (const one of others) expect(one).toMatchObject({ body: { code: 'LOGIN_FAILED' } });
  await expect(login()).resolves.toMatchObject({ body: { code: 'LOGIN_FAILED' } });
});

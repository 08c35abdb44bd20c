import { Logger } from '@nestjs/common';
import {
  CircuitOpenError,
  CommandRejectedError,
  CommandUncertainError,
  NoPrimaryError,
  RedisDisabledError,
  type RedisCache,
} from '../../redis/index.js';
import { readAppConfig } from '../app-config.js';
import { LoginThrottle } from './login-throttle.js';

const MOST = 3;

beforeAll(() => {
  Logger.overrideLogger(false);
});

// The clock stands still, or a minute may end in between.
beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('LoginThrottle', () => {
  it.each([
    new CircuitOpenError('away'),
    new NoPrimaryError('away'),
    new CommandUncertainError('lost'),
    new RedisDisabledError('memory mode'),
    new CommandRejectedError('NOPERM'),
    new TypeError('a mistake'),
  ])(
    'counts by itself when Redis does not, because it is away or refuses to ($name)',
    async (error) => {
      const throttle = throttleOver(error);
      for (let attempt = 0; attempt < MOST; attempt++) await throttle.enter('a@example.com');
      await expect(throttle.enter('A@example.com')).rejects.toMatchObject({
        body: { statusCode: 429, code: 'TOO_MANY_ATTEMPTS' },
      });
      await expect(throttle.enter('b@example.com')).resolves.toBeUndefined();
      await throttle.forget('a@example.com');
      await expect(throttle.enter('a@example.com')).resolves.toBeUndefined();
    },
  );
});

function throttleOver(error: Error): LoginThrottle {
  const fail = (): Promise<never> => Promise.reject(error);
  const cache = { namespace: () => ({ increment: fail, delete: fail }) } as unknown as RedisCache;
  return new LoginThrottle(cache, readAppConfig({ LOGIN_ATTEMPTS_PER_MINUTE: String(MOST) }));
}

import { Screen } from '../screen/index.js';
import { connectionFrom, type ConnectionValues } from './connection-options.js';

const NOTHING_TYPED: ConnectionValues = {
  'env-file': null,
  sentinels: null,
  node: null,
  'master-name': null,
  map: [],
  user: null,
  'password-file': null,
  'sentinel-user': null,
  'sentinel-password-file': null,
  'tls-ca': null,
};

function told(env: Readonly<Record<string, string>>, typed: Partial<ConnectionValues> = {}) {
  let text = '';
  const screen = new Screen({ write: (more: string) => (text += more) }, false);
  const { mode } = connectionFrom({ ...NOTHING_TYPED, ...typed }, { env, told: screen });
  return { mode, text };
}

describe('the way to Redis', () => {
  const REDIS_SENTINELS = '127.0.0.1:1,127.0.0.1:2,127.0.0.1:3';

  it('is that of the application, with what the application would warn of', () => {
    const { mode, text } = told({ REDIS_SENTINELS });
    expect(mode).toBe('standalone');
    expect(text).toContain('attention REDIS_SENTINELS has no effect');
    expect(text).toContain('Set REDIS_SENTINEL_ENABLED to true');
  });

  it('leads to the Sentinels that are typed, without a warning', () => {
    expect(told({}, { sentinels: REDIS_SENTINELS })).toEqual({ mode: 'sentinel', text: '' });
  });

  it('is told from a password of the environment by the file that is typed', () => {
    const typed = { sentinels: REDIS_SENTINELS, 'password-file': __filename };
    expect(told({ REDIS_PASSWORD: 'other' }, typed)).toEqual({ mode: 'sentinel', text: '' });
  });
});

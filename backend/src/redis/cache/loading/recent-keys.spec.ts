import { ClosedError, LoaderFailedError, LoaderTimeoutError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { RecentKeys } from './recent-keys.js';
import { isLoadFailure, reasonOf } from '../values/load-failure.js';

describe('RecentKeys', () => {
  it('remembers a failure for as long as is asked', async () => {
    const clock = new ManualClock();
    const failures = new RecentKeys(clock);
    failures.note('k');
    expect(failures.isRecent('k', 100)).toBe(true);
    expect(failures.isRecent('k', 0)).toBe(false);
    expect(failures.isRecent('other', 100)).toBe(false);
    await clock.advance(99);
    expect(failures.isRecent('k', 100)).toBe(true);
    await clock.advance(1);
    expect(failures.isRecent('k', 100)).toBe(false);
    failures.note('k');
    expect(failures.isRecent('k', 100)).toBe(true);
    failures.forget('k');
    expect(failures.isRecent('k', 100)).toBe(false);
  });

  it('forgets the oldest beyond ten thousand', () => {
    const failures = new RecentKeys(new ManualClock());
    failures.note('first');
    failures.note('second');
    failures.note('first');
    for (let i = 0; i < 9_999; i++) failures.note(`k${String(i)}`);
    expect(failures.isRecent('second', 1)).toBe(false);
    expect(failures.isRecent('first', 1)).toBe(true);
  });
});

describe('reasonOf', () => {
  it.each<[unknown, string]>([
    [new TypeError('user 5 has no secret'), 'TypeError'],
    [Object.assign(new TypeError('connect'), { code: 'ECONNREFUSED' }), 'TypeError ECONNREFUSED'],
    [new LoaderTimeoutError('late'), 'LOADER_TIMEOUT'],
    [new LoaderFailedError('x', {}, { cause: new RangeError('r') }), 'RangeError'],
    [new LoaderFailedError('x'), 'LOADER_FAILED'],
    [{ name: 'not a word', code: 5 }, 'Error'],
    ['a secret', '(string)'],
    [null, '(object)'],
    [undefined, '(undefined)'],
  ])('says of %p only what is no data', (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});

describe('isLoadFailure', () => {
  it('is true for the errors after which a stale value may be served', () => {
    expect(isLoadFailure(new LoaderFailedError('x'))).toBe(true);
    expect(isLoadFailure(new LoaderTimeoutError('x'))).toBe(true);
    expect(isLoadFailure(new ClosedError('x'))).toBe(false);
    expect(isLoadFailure(new TypeError('x'))).toBe(false);
  });
});

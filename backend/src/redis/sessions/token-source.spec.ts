import { ConfigInvalidError } from '../base/errors/index.js';
import { cookieNamed, TokenSource } from './token-source.js';

describe('the token of a request', () => {
  const source = new TokenSource({ cookie: { name: 'sid' } });

  it.each([
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer   abc ' }, 'abc'],
    [{ authorization: 'Bearer abc', cookie: 'sid=def' }, 'abc'],
    [{ authorization: 'Basic YTpi', cookie: 'sid=def' }, 'def'],
    [{ authorization: 'Basic YTpi' }, null],
    [{ authorization: 'Bearer' }, null],
    [{ authorization: 'Bearer a b' }, null],
    [{ authorization: ['Bearer abc', 'Bearer def'] }, 'abc'],
    [{ cookie: 'sid=def' }, 'def'],
    [{ cookie: ['sid=def'] }, null],
    [{}, null],
  ])('is found in %j', (headers, token) => {
    expect(source.tokenOf(headers)).toBe(token);
  });

  it('is not looked for in cookies unless that was asked for', () => {
    expect(new TokenSource().tokenOf({ cookie: 'sid=def; session=ghi' })).toBeNull();
  });

  it('stands alone in a header of its own, whatever case its name was given in', () => {
    const own = new TokenSource({ header: 'X-Session' });
    expect(own.tokenOf({ 'x-session': 'abc', authorization: 'Bearer def' })).toBe('abc');
    expect(own.tokenOf({ authorization: 'Bearer def' })).toBeNull();
  });

  it.each(['', ' ', '\t'])('is that of the cookie when its own header is empty: %j', (empty) => {
    const own = new TokenSource({ header: 'X-Session', cookie: { name: 'sid' } });
    expect(own.tokenOf({ 'x-session': empty, cookie: 'sid=def' })).toBe('def');
    expect(own.tokenOf({ 'x-session': [empty], cookie: 'sid=def' })).toBe('def');
    expect(own.tokenOf({ 'x-session': empty })).toBeNull();
  });

  it.each([
    [{ header: '' }],
    [{ header: 'two words' }],
    [{ header: 7 as unknown as string }],
    [{ cookie: { name: 'a=b' } }],
    [{ cookie: { name: 'a;b' } }],
    [{ cookie: {} as { name: string } }],
  ])('is not looked for where nothing can be: %j', (options) => {
    expect(() => new TokenSource(options)).toThrow(ConfigInvalidError);
  });
});

describe('the header of cookies', () => {
  it.each([
    ['sid=abc', 'abc'],
    ['a=1; sid=abc; b=2', 'abc'],
    ['a=1;sid=abc', 'abc'],
    ['sid = abc ', 'abc'],
    ['sid="abc"', 'abc'],
    ['sid="', '"'],
    ['sid=', ''],
    ['sid=a=b=', 'a=b='],
    ['sid=first; sid=second', 'first'],
    ['xsid=1; sid2=2; SID=3', null],
    ['sid', null],
    ['sid; a=sid=1', null],
    ['', null],
    [';;;', null],
    ['=; =sid', null],
    ['sid=%61', '%61'],
    ['__proto__=x', null],
  ])('%j has %j', (header, value) => {
    expect(cookieNamed('sid', header)).toBe(value);
  });

  it('treats names that are special in objects like all others', () => {
    expect(cookieNamed('__proto__', 'constructor=1; __proto__=2')).toBe('2');
    expect(cookieNamed('constructor', '__proto__=2')).toBeNull();
  });

  it('takes no longer than its length, whatever it is made of', () => {
    const hostile = ['=', ';', 'a;', '"', 'sid ', ' ='].map((text) => text.repeat(500_000));
    const startedAt = performance.now();
    for (const header of hostile) expect(cookieNamed('sid', header)).toBeNull();
    // A second look at the rest for each of them would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});

import type { LookupFunction } from 'node:net';
import { SharedLookUps } from './shared-look-ups.js';

type Done = Parameters<LookupFunction>[2];

describe('look-ups of names', () => {
  let asked: { readonly host: string; readonly done: Done }[];
  let heard: string[];
  let lookUps: SharedLookUps;

  beforeEach(() => {
    asked = [];
    heard = [];
    lookUps = new SharedLookUps((host, _, done) => asked.push({ host, done }));
  });

  const ask = (host: string, who: string, all = true): void => {
    lookUps.lookUp(host, { all }, (error, address) => {
      heard.push(`${who}: ${error?.code ?? JSON.stringify(address)}`);
    });
  };

  it('are one at a time for each name, and all who ask meanwhile get the answer', () => {
    ask('redis', 'a');
    ask('redis', 'b');
    ask('other', 'c');
    expect(asked.map(({ host }) => host)).toEqual(['redis', 'other']);
    asked[0]!.done(null, '10.0.0.1', 4);
    expect(heard).toEqual(['a: "10.0.0.1"', 'b: "10.0.0.1"']);
  });

  it('begin anew when the one before is over, also with an error', () => {
    ask('redis', 'a');
    asked[0]!.done(Object.assign(new TypeError('no'), { code: 'ENOTFOUND' }), '', 4);
    ask('redis', 'b');
    expect(asked.map(({ host }) => host)).toEqual(['redis', 'redis']);
    expect(heard).toEqual(['a: ENOTFOUND']);
  });

  it('are apart where another answer is asked for', () => {
    ask('redis', 'a', true);
    ask('redis', 'b', false);
    expect(asked).toHaveLength(2);
  });
});

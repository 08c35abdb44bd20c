import { codeOf, eachCall, Ledger, OK, PENDING } from './ledger.js';

const KINDS = ['get', 'set'] as const;

describe('the ledger', () => {
  it('returns every call with its kind, its times and what became of it', () => {
    const ledger = new Ledger(KINDS);
    const get = ledger.begin('get', 100, 101);
    const set = ledger.begin('set', 110, 110);
    ledger.begin('set', 120, 125);
    ledger.settle(set, 130, 'CONNECTION_LOST');
    ledger.settle(get, 140);
    ledger.exclude(get, 2);
    expect(ledger.pending).toBe(1);
    expect([...eachCall(ledger.copy())]).toEqual([
      {
        index: 0,
        kind: 'get',
        outcome: OK,
        dueAt: 100,
        issuedAt: 101,
        settledAt: 140,
        excludedMs: 2,
      },
      expect.objectContaining({ index: 1, kind: 'set', outcome: 'CONNECTION_LOST' }),
      expect.objectContaining({ index: 2, outcome: PENDING, settledAt: NaN }),
    ]);
  });

  it('grows beyond the room it was given', () => {
    const ledger = new Ledger(KINDS, 1);
    for (let call = 0; call < 3; call++) ledger.settle(ledger.begin('get', call, call), call + 1);
    expect([...eachCall(ledger.copy())].map(({ dueAt, settledAt }) => [dueAt, settledAt])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('keeps no more than 255 different outcomes, and calls the rest others', () => {
    const ledger = new Ledger(KINDS);
    for (let call = 0; call < 400; call++) {
      ledger.settle(ledger.begin('get', 0, 0), 1, `error ${call}`);
    }
    const outcomes = [...eachCall(ledger.copy())].map(({ outcome }) => outcome);
    expect(outcomes[252]).toBe('error 252');
    expect(new Set(outcomes.slice(253))).toEqual(new Set(['others']));
  });
});

describe('the code of an error', () => {
  it('is its code, or what it says without what changes from one to the next', () => {
    expect(codeOf(Object.assign(new Error('no'), { code: 'NO_PRIMARY' }))).toBe('NO_PRIMARY');
    expect(codeOf(new RangeError('refused by 127.0.0.1:6379'))).toBe(
      'RangeError: refused by #.#.#.#:#',
    );
    expect(codeOf('gone')).toBe('gone');
  });
});

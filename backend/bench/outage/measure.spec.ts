import { eachCall, type Calls } from '../common/ledger.js';
import { newLedger, type Operation } from './workload.js';
import {
  acknowledgedAway,
  cellsOf,
  loadLags,
  openingsOf,
  phaseOf,
  type Cell,
  type Moments,
  type Openings,
  type Phase,
} from './measure.js';

/** One call: kind, due, settled (`null`: never), how, and how late it was issued. */
interface Line {
  readonly operation?: Operation;
  readonly due: number;
  readonly settled: number | null;
  readonly outcome?: string;
  readonly lag?: number;
  readonly loaderMs?: number;
}

const MOMENTS: Moments = {
  calmAt: 1000,
  faultAt: 2000,
  repairAt: 4900,
  backAt: 5000,
  endAt: 6000,
};
const DRAINED_AT = 11_000;

function callsOf(lines: readonly Line[]): Calls<Operation> {
  const ledger = newLedger(lines.length);
  for (const { operation = 'get', due, settled, outcome, lag = 0, loaderMs = 0 } of lines) {
    const number = ledger.begin(operation, due, due + lag);
    ledger.exclude(number, loaderMs);
    if (settled !== null) ledger.settle(number, settled, outcome);
  }
  return ledger.copy();
}

function phases(lines: readonly Line[], openings: Openings | null = null): (Phase | null)[] {
  return [...eachCall(callsOf(lines))].map((call) => phaseOf(call, MOMENTS, openings));
}

function cells(lines: readonly Line[]): Cell[] {
  return cellsOf(callsOf(lines), MOMENTS, null, DRAINED_AT);
}

describe('the phase of a call', () => {
  it('leaves the warm-up out', () => {
    expect(phases([{ due: 999, settled: 1001 }])).toEqual([null]);
  });

  it('follows the moment at which the call was due', () => {
    const at = (due: number): Line => ({ due, settled: due + 1 });
    expect(phases([at(1000), at(1998), at(2000), at(4999), at(5000)])).toEqual([
      'before',
      'before',
      'away',
      'away',
      'after',
    ]);
  });

  it('takes a call that was under way when Redis went away for one of the outage', () => {
    expect(
      phases([
        { due: 1999, settled: 2001 },
        { due: 1999, settled: null },
        { due: 900, settled: null },
      ]),
    ).toEqual(['away', 'away', 'away']);
  });

  it('is split where the breaker of its own direction opened', () => {
    const openings = { reads: 2200, writes: 2400 };
    const of = (operation: Operation, due: number): Line => ({ operation, due, settled: due + 1 });
    expect(
      phases(
        [
          of('get', 2199),
          of('get', 2200),
          of('set', 2399),
          of('set', 2400),
          of('getOrSet', 2399),
          of('getOrSet', 2400),
          of('validate', 2200),
        ],
        openings,
      ),
    ).toEqual(['until open', 'open', 'until open', 'open', 'until open', 'open', 'open']);
  });

  it('stays `until open` for a direction that never opened', () => {
    const line: Line = { operation: 'set', due: 4900, settled: 4901 };
    expect(phases([line], { reads: 2200, writes: null })).toEqual(['until open']);
  });
});

describe('when the breakers opened', () => {
  it('is the first time after the fault, direction by direction', () => {
    const notes = [
      { at: 1500, text: 'breaker.opened reads' },
      { at: 2100, text: 'breaker.half-opened reads' },
      { at: 2200, text: 'breaker.opened reads' },
      { at: 2900, text: 'breaker.opened reads' },
    ];
    expect(openingsOf(notes, MOMENTS)).toEqual({ reads: 2200, writes: null });
  });
});

describe('a cell', () => {
  it('counts latencies from when a call was due, not from when it was issued', () => {
    const [cell] = cells([{ due: 1500, settled: 1810, lag: 300 }]);
    expect(cell).toMatchObject({ phase: 'before', p50: 310, p99: 310, max: 310 });
  });

  it('holds a call that never settles to have taken until the end of the wait', () => {
    const [cell] = cells([{ due: 3000, settled: null }]);
    expect(cell).toMatchObject({ count: 1, max: DRAINED_AT - 3000, hung: 1, never: 1 });
  });

  it('calls hung what takes longer than two seconds, settled or not', () => {
    const [cell] = cells([
      { due: 2500, settled: 4500 },
      { due: 2500, settled: 4501 },
      { due: 2500, settled: null },
    ]);
    expect(cell).toMatchObject({ hung: 2, never: 1 });
  });

  it('takes the time of the loader out of its own time only', () => {
    const [cell] = cells([{ operation: 'getOrSet', due: 1500, settled: 1506, loaderMs: 2 }]);
    expect(cell).toMatchObject({ p99: 6, ownP99: 4 });
  });

  it('counts answers that are missing or wrong, and failures by code', () => {
    const [cell] = cells([
      { due: 3000, settled: 3001, outcome: 'missing' },
      { due: 3000, settled: 3001, outcome: 'wrong' },
      { due: 3000, settled: 3001, outcome: 'A' },
      { due: 3000, settled: 3001, outcome: 'B' },
      { due: 3000, settled: 3001, outcome: 'A' },
    ]);
    expect(cell).toMatchObject({ count: 5, missing: 1, wrong: 1, failed: { A: 2, B: 1 } });
  });

  it('exists for each kind in each phase in which there were calls', () => {
    const seen = cells([
      { due: 1500, settled: 1501 },
      { operation: 'set', due: 3000, settled: 3001 },
      { due: 5500, settled: 5501 },
    ]);
    expect(seen.map(({ phase, operation }) => `${phase} ${operation}`)).toEqual([
      'before get',
      'away set',
      'after get',
    ]);
  });
});

describe('the lag of the load', () => {
  it('is how much later than due calls were issued', () => {
    const calls = callsOf([
      { due: 1500, settled: 1600, lag: 1 },
      { due: 1501, settled: 1600, lag: 40 },
    ]);
    expect(loadLags(calls, MOMENTS, null)).toEqual([
      { phase: 'before', p50: 1, p95: 40, p99: 40, max: 40 },
    ]);
  });
});

describe('writes acknowledged while Redis is away', () => {
  it('are those that were made and answered meanwhile, and nothing else', () => {
    const calls = callsOf([
      { operation: 'set', due: 1999, settled: 2001 },
      { operation: 'set', due: 2500, settled: 2501 },
      { operation: 'set', due: 2500, settled: 2501, outcome: 'failed' },
      { operation: 'set', due: 2500, settled: null },
      { operation: 'set', due: 4890, settled: 4950 },
      { operation: 'get', due: 2500, settled: 2501 },
    ]);
    expect(acknowledgedAway(calls, MOMENTS)).toEqual([1]);
  });
});

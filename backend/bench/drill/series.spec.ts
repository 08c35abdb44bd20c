import { eachCall, Ledger, OK } from '../common/ledger.js';
import { REQUEST_KINDS, type RequestKind } from './mix.js';
import { ofStretch, perSecond, worstDrop, type Request } from './series.js';

/** A request: its kind, when it was due after the start of the run, how long it took, and what came of it. */
type Line = readonly [kind: RequestKind, dueMs: number, latencyMs: number, outcome: string];

const STARTED_AT = 50_000;

function requests(...lines: readonly Line[]): Request[] {
  const ledger = new Ledger(REQUEST_KINDS);
  for (const [kind, dueMs, latencyMs, outcome] of lines) {
    const dueAt = STARTED_AT + dueMs;
    ledger.settle(ledger.begin(kind, dueAt, dueAt), dueAt + latencyMs, outcome);
  }
  return [...eachCall(ledger.copy())];
}

describe('the figures of a run', () => {
  it('counts a request in the second it was due and its answer in the second it came', () => {
    const run = requests(['session', 900, 300, OK], ['session', 1100, 10, OK]);
    const [first, second] = perSecond(run, STARTED_AT, 2);
    expect(first).toMatchObject({ offered: 1, answered: 0, p99: 300 });
    expect(second).toMatchObject({ offered: 1, answered: 2 });
  });

  it('names failures by kind and status, and takes none for a quick answer', () => {
    const run = requests(
      ['session', 0, 1, '503'],
      ['session', 0, 20, OK],
      ['catalogue', 0, 5000, 'timeout'],
    );
    const [row] = perSecond(run, STARTED_AT, 1);
    expect(row).toMatchObject({ failed: 2, p99: 5000 });
    expect(row?.errors).toEqual({ 'session 503': 1, 'catalogue timeout': 1 });
  });

  it('holds a request that is never settled to have failed', () => {
    const ledger = new Ledger(REQUEST_KINDS);
    ledger.begin('session', STARTED_AT, STARTED_AT);
    const [row] = perSecond([...eachCall(ledger.copy())], STARTED_AT, 1);
    expect(row).toMatchObject({ offered: 1, answered: 0, errors: { 'session pending': 1 } });
  });

  it('tells stretches and kinds apart', () => {
    const run = requests(
      ['session', 500, 2, OK],
      ['login', 1500, 50, OK],
      ['session', 1999, 1, 'reset'],
      ['session', 2000, 9, OK],
    );
    const stretch = ofStretch(run, STARTED_AT, { name: 'during', fromMs: 1000, toMs: 2000 });
    expect(stretch).toMatchObject({ requests: 2, failed: 1, p50: 50, errors: { reset: 1 } });
    expect(stretch.kinds).toMatchObject({ login: { failed: 0 }, session: { failed: 1 } });
  });

  it('finds the worst second of a stretch, where a mean would hide it', () => {
    const second = (answered: number) => ({ offered: 100, answered });
    const rows = [second(0), second(100), second(40), second(160), second(0)];
    expect(worstDrop(rows, { fromMs: 1000, toMs: 4000 })).toBeCloseTo(0.6);
    expect(worstDrop(rows, { fromMs: 9000, toMs: 9000 })).toBeNaN();
  });
});

import { drillModule } from './drill-modules.js';

const { Ledger, ofPhase, percentile, perSecond, worstDrop } = drillModule('series');

describe('the figures of a run', () => {
  it('takes the value that a share of the values does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
    expect(percentile([], 0.5)).toBeNull();
  });

  it('counts a request in the second it was due and its answer in the second it came', () => {
    const ledger = new Ledger();
    ledger.add('session', 900, 300, 'ok');
    ledger.add('session', 1100, 10, 'ok');
    const [first, second] = perSecond(ledger, 2);
    expect(first).toMatchObject({ offered: 1, answered: 0, p99: 300 });
    expect(second).toMatchObject({ offered: 1, answered: 2 });
  });

  it('names failures by kind and status, and takes none for a quick answer', () => {
    const ledger = new Ledger();
    ledger.add('session', 0, 1, '503');
    ledger.add('session', 0, 20, 'ok');
    ledger.add('catalogue', 0, 5000, 'timeout');
    const [row] = perSecond(ledger, 1);
    expect(row).toMatchObject({ failed: 2, p99: 5000 });
    expect(row?.errors).toEqual({ 'session 503': 1, 'catalogue timeout': 1 });
  });

  it('tells stretches and kinds apart', () => {
    const ledger = new Ledger();
    ledger.add('session', 500, 2, 'ok');
    ledger.add('login', 1500, 50, 'ok');
    ledger.add('session', 1999, 1, 'reset');
    ledger.add('session', 2000, 9, 'ok');
    const phase = ofPhase(ledger, { name: 'during', fromMs: 1000, toMs: 2000 });
    expect(phase).toMatchObject({ requests: 2, failed: 1, p50: 50, errors: { reset: 1 } });
    expect(phase.kinds).toMatchObject({ login: { failed: 0 }, session: { failed: 1 } });
  });

  it('finds the worst second of a stretch, where a mean would hide it', () => {
    const second = (answered: number) => ({ offered: 100, answered });
    const rows = [second(0), second(100), second(40), second(160), second(0)];
    expect(worstDrop(rows, { fromMs: 1000, toMs: 4000 })).toBeCloseTo(0.6);
    expect(worstDrop(rows, { fromMs: 9000, toMs: 9000 })).toBeNull();
  });
});

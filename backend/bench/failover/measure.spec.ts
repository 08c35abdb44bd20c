import { newNotes } from '../clients/bench-client.js';
import { Ledger } from '../common/ledger.js';
import { measure, type Measured } from './measure.js';
import { KINDS, WARM_UP_MS, type OperationKind } from './workload.js';

/** One operation: kind, issued, settled (`null`: never), code of the failure. */
type Line = readonly [OperationKind, number, number | null, string?];

const FAULT = WARM_UP_MS + 1000;
const END = FAULT + 1000;

function measured(
  lines: readonly Line[],
  { lost = [] as number[], counter = 0, switchedAt = null as number | null, knownAt = NaN } = {},
): Measured {
  const ledger = new Ledger(KINDS);
  for (const [kind, issuedAt, settledAt, code] of lines) {
    const number = ledger.begin(kind, issuedAt, issuedAt);
    if (settledAt !== null) ledger.settle(number, settledAt, code);
  }
  const notes = newNotes();
  if (!Number.isNaN(knownAt)) notes.switchedAt.push(knownAt);
  return measure({
    client: 'ours',
    account: {
      calls: ledger.copy(),
      notes,
      startedAt: 0,
      stoppedAt: END,
      stall: { at: 0, ms: 0, cpuMs: 0 },
      dead: null,
      waiting: 0,
      unhandled: [],
      warnings: [],
    },
    survivors: { lost, counter },
    times: { faultAt: FAULT, backAt: null },
    switchedAt,
    disconnects: 0,
    endedItself: true,
  });
}

describe('measure', () => {
  it('takes the longest pause between answers, the ends of the load included', () => {
    const result = measured([
      ['set', 1200, 1201],
      ['set', FAULT, FAULT + 600],
      ['get', FAULT, FAULT + 10],
    ]);
    expect(result.writeGap).toBe(FAULT + 600 - 1201);
    expect(result.readGap).toBe(FAULT + 10 - WARM_UP_MS);
  });

  it('counts as resumed only what was answered after the switch', () => {
    const lines: Line[] = [
      ['set', FAULT - 10, FAULT - 5],
      ['set', FAULT, FAULT + 530],
    ];
    expect(measured(lines, { switchedAt: FAULT + 500 })).toMatchObject({ s: 500, resume: 30 });
  });

  it('tells failed, uncertain and hanging calls apart', () => {
    const result = measured([
      ['incr', FAULT, FAULT + 1, 'COMMAND_UNCERTAIN'],
      ['set', FAULT, FAULT + 1, 'COMMAND_UNCERTAIN'],
      ['get', FAULT, FAULT + 1, 'COMMAND_TIMEOUT'],
      ['set', FAULT, null],
    ]);
    expect(result).toMatchObject({ uncertain: 1, writeErrors: 1, readErrors: 1, hung: 1 });
    expect(result.errors).toEqual({ COMMAND_UNCERTAIN: 1, COMMAND_TIMEOUT: 1 });
  });

  it('calls a count double only beyond those that failed or hang', () => {
    const lines: Line[] = [
      ['incr', 1200, 1201],
      ['incr', FAULT, FAULT + 1, 'COMMAND_UNCERTAIN'],
      ['incr', FAULT, null],
    ];
    expect(measured(lines, { counter: 3 }).duplicates).toBe(0);
    expect(measured(lines, { counter: 4 }).duplicates).toBe(1);
    expect(measured(lines, { counter: 0 }).countsLost).toBe(1);
  });

  it('counts what still fails a second after it was over, and what never ends', () => {
    const over = FAULT + 100;
    const result = measured(
      [
        ['set', over + 900, over + 950, 'NO_PRIMARY'],
        ['set', over + 1000, over + 9000, 'NO_PRIMARY'],
        ['set', over + 1001, null],
        ['get', over + 1002, over + 1003],
        ['get', over + 1004, over + 1005, 'WRONG_VALUE'],
      ],
      { switchedAt: over },
    );
    expect(result).toMatchObject({ lateWriteErrors: 2, lateReadErrors: 1, wrongReads: 1 });
    expect(result.longestWait).toBe(8000);
  });

  it('sees writes that the old primary answered after the client had reported the switch', () => {
    const lines: Line[] = [
      ['set', FAULT, FAULT + 10],
      ['set', FAULT, FAULT + 30],
    ];
    const result = measured(lines, { lost: [0, 1], knownAt: FAULT + 20 });
    expect(result).toMatchObject({ lost: 2, lostAfterKnown: 1 });
  });
});

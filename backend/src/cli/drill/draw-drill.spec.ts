import { Screen } from '../screen/index.js';
import { drawResult } from './draw-drill.js';
import { resultOf, type Seen } from './drill-result.js';

const NONE = { sent: 10, answered: 10, failed: 0, errors: {} };
const SEEN: Seen = {
  ...{ place: 'here', startedAt: 0, faultAt: 0, marks: [], failovers: [], reconfiguredAt: null },
  ...{ writingAgainAt: 0, gapMs: 0, lost: 0, stalledMs: 0, switchover: null, problems: [] },
  ...{ writes: NONE, reads: NONE },
};

function drawn(seen: Partial<Seen>): string[] {
  const slo = { gapMs: 5_000, errors: 0, lost: 0 };
  const order = { kind: 'kill', rate: 10, holdMs: 0, slo, keyPrefix: 'a:' } as const;
  return drawResult(
    resultOf(order, { ...SEEN, ...seen }),
    new Screen({ write: () => true }, false),
  );
}

describe('what a drill says', () => {
  it('names which calls failed, and with which codes', () => {
    const reads = { sent: 10, answered: 5, failed: 5, errors: { COMMAND_TIMEOUT: 5 } };
    const lines = drawn({ reads });
    expect(lines).toContain('reads: 10 sent, 5 answered, 5 failed (COMMAND_TIMEOUT 5)');
    expect(lines.filter((line) => line.startsWith('writes:'))).toEqual([]);
    expect(lines.at(-1)).toBe('not passed');
  });

  it('says nothing more of calls where none failed', () => {
    expect(drawn({}).filter((line) => /^(reads|writes):/.test(line))).toEqual([]);
  });
});

import type { ReadPolicy } from '../../config/index.js';
import { orderCandidates, type ReadCandidate } from './read-policy.js';

interface Named extends ReadCandidate {
  readonly name: string;
}

const node = (name: string, over: Partial<Named> = {}): Named => ({
  name,
  isPrimary: false,
  isThere: true,
  isInStep: true,
  stalenessMs: 100,
  rttMs: 1,
  ...over,
});

const P = node('P', { isPrimary: true, stalenessMs: 0, rttMs: 3 });
const R1 = node('R1', { rttMs: 2 });
const R2 = node('R2', { rttMs: 5 });
const OLD = node('OLD', { isInStep: false, stalenessMs: 60_000, rttMs: 1 });
const DEAD = node('DEAD', { isThere: false });

describe('orderCandidates', () => {
  const all = [R2, OLD, P, DEAD, R1];
  const rows: [ReadPolicy, readonly Named[], string[][]][] = [
    ['primary', all, [['P']]],
    ['primary', [R1, OLD], []],
    ['replica', all, [['R2', 'R1'], ['OLD']]],
    ['replica', [P], []],
    ['replica-preferred', all, [['R2', 'R1'], ['P'], ['OLD']]],
    ['replica-preferred', [P], [['P']]],
    ['replica-preferred', [OLD], [['OLD']]],
    ['replica-preferred', [P, OLD], [['P'], ['OLD']]],
    ['nearest', all, [['R1'], ['P'], ['R2'], ['OLD']]],
    ['nearest', [OLD, DEAD], [['OLD']]],
    ['nearest', [], []],
    ['replica-preferred', [DEAD], []],
  ];

  it.each(rows)('by %s of %j', (policy, nodes, order) => {
    const groups = orderCandidates(nodes, policy, null);
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual(order);
  });

  it.each([
    [99, [['P']]],
    [100, [['R1', 'R2'], ['P']]],
    [60_000, [['R1', 'R2'], ['P'], ['OLD']]],
  ])('leaves out replicas that may be older than %i ms, never the primary', (bound, order) => {
    const groups = orderCandidates([R1, R2, OLD, P], 'replica-preferred', bound);
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual(order);
  });

  it('leaves out a replica of unknown age when there is a bound', () => {
    const unknown = node('U', { stalenessMs: null });
    expect(orderCandidates([unknown], 'replica', 1_000_000)).toEqual([]);
    expect(orderCandidates([unknown], 'replica', null)).toEqual([[unknown]]);
  });

  it('does not change the list it is given', () => {
    const nodes = Object.freeze([R2, P, R1]);
    orderCandidates(nodes, 'nearest', null);
    expect(nodes).toEqual([R2, P, R1]);
  });
});

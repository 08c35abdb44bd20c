import { formatMs } from '../../src/cli/measure/figures.js';
import { mean } from '../../src/cli/measure/statistics.js';
import type { Kind } from './arguments.js';
import type { RequestKind } from './mix.js';
import { phaseOf, type Result } from './results.js';
import { medianOf } from './turns.js';

type Figure = number | null | undefined;

/** Something that a drill must show. The bounds hold for the application on nestjs-redis-ha; the bare one has none. */
interface Bound {
  readonly id: string;
  readonly kinds: readonly Kind[];
  readonly what: string;
  readonly unit?: string;
  readonly of: (result: Result) => Figure;
  readonly limit: Limit;
  readonly why: string;
}

type Limit =
  | { readonly exactly: number }
  | { readonly below: number }
  | { readonly above: number }
  /** At most so many times what the same application on the bare client has, at the same rate. */
  | { readonly timesBare: number };

/** A bound, and what was measured. `null`: it could not be measured, which breaks it. */
export interface Verdict {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly limit: string;
  readonly why: string;
  readonly value: number | null;
  readonly holds: boolean;
  readonly bare: number | null;
}

const FAULTS: readonly Kind[] = ['kill', 'freeze', 'switchover', 'all-down'];
const ALL: readonly Kind[] = [...FAULTS, 'steady'];

const MAX_TIMES_BARE = 1.2;

const failedOf =
  (kind: RequestKind) =>
  ({ run }: Result): Figure =>
    run.whole.kinds[kind]?.failed;
// Who did not hear of the promotion itself has seen its consequence.
const promotion = ({ steps }: Result): Figure =>
  (
    steps.find(({ label }) => label === 'promoted') ??
    steps.find(({ label }) => label === 'switched')
  )?.afterFaultMs;

/** Each bound: for which faults, the figure, the limit, and the reason. */
const BOUNDS: readonly Bound[] = [
  {
    id: 'session-failures',
    kinds: ALL,
    what: 'Session validations that failed',
    of: failedOf('session'),
    limit: { exactly: 0 },
    why: 'A user who is logged in stays logged in, whatever happens to Redis: replicas or memory answer.',
  },
  {
    id: 'catalogue-failures',
    kinds: ALL,
    what: 'Catalogue reads that failed',
    of: failedOf('catalogue'),
    limit: { exactly: 0 },
    why: 'A product comes from Redis, from memory or from the database; one of them is always there.',
  },
  {
    id: 'error-rate',
    kinds: ALL,
    what: 'Share of all requests that failed',
    unit: '%',
    of: ({ run }) => (100 * run.whole.failed) / run.whole.requests,
    limit: { below: 1 },
    why: 'The promise for a failover under load; logins and logouts, which write, count too.',
  },
  {
    id: 'p99-before',
    kinds: FAULTS,
    what: 'p99 before the fault',
    unit: 'ms',
    of: (result) => phaseOf(result, 'before')?.p99,
    limit: { below: 200 },
    why: 'The promise for undisturbed operation. A run that misses it says nothing about the fault.',
  },
  {
    id: 'p50-during',
    kinds: FAULTS,
    what: 'p50 during the fault',
    unit: 'ms',
    of: (result) => phaseOf(result, 'during')?.p50,
    limit: { below: 100 },
    why: 'The usual request must not notice.',
  },
  {
    id: 'p99-during',
    kinds: FAULTS,
    what: 'p99 during the fault',
    unit: 'ms',
    of: (result) => phaseOf(result, 'during')?.p99,
    limit: { below: 500 },
    why: 'One request in a hundred may notice, but not so that its user does.',
  },
  {
    id: 'p99-after',
    kinds: FAULTS,
    what: 'p99 after the fault',
    unit: 'ms',
    of: (result) => phaseOf(result, 'after')?.p99,
    limit: { below: 200 },
    why: 'Nothing of the fault may stay behind.',
  },
  {
    id: 'throughput-drop',
    kinds: FAULTS,
    what: 'Requests without a good answer in the worst second of the fault',
    unit: '%',
    of: (result) => percent(phaseOf(result, 'during')?.worstDrop),
    limit: { below: 10 },
    why: 'The mean of the whole fault would hide a second in which nothing is answered.',
  },
  {
    id: 'sessions-lost',
    kinds: ALL,
    what: 'Sessions lost: made before the run, or acknowledged during it',
    of: ({ verified }) => verified.lastingLost + verified.freshLost,
    limit: { exactly: 0 },
    why: 'What was acknowledged is there afterwards, at every instance.',
  },
  {
    id: 'sessions-back',
    kinds: ALL,
    what: 'Sessions that were logged out and are valid again',
    of: ({ verified }) => verified.endedAlive,
    limit: { exactly: 0 },
    why: 'A session that was ended stays ended; a replay must not bring it back.',
  },
  {
    id: 'hit-rate',
    kinds: FAULTS,
    what: 'Hit rate in the last third, less than two minutes after the fault',
    unit: '%',
    of: ({ hitRate }) => percent(hitRate.after),
    limit: { above: 85 },
    why: 'A failover must not send every request to the database.',
  },
  {
    id: 'promoted',
    kinds: ['kill', 'freeze'],
    what: 'From the fault to the promotion of a replica',
    unit: 'ms',
    of: promotion,
    limit: { below: 5000 },
    why: 'Three seconds until Sentinel calls the primary down, one for the vote, one to spare.',
  },
  {
    id: 'switched-on-purpose',
    kinds: ['switchover'],
    what: 'From the call of switchover() to the promotion of a replica',
    unit: 'ms',
    of: promotion,
    limit: { below: 3000 },
    why: 'Nobody has to be found dead first.',
  },
  {
    id: 'healthy-again',
    kinds: ['all-down'],
    what: 'From the return of Redis until every instance says "up"',
    unit: 'ms',
    of: ({ upAgainMs }) => upAgainMs,
    limit: { below: 20_000 },
    why: 'Reconnecting, replaying the journal and a second of calm, with time to spare.',
  },
  {
    id: 'steady-p99',
    kinds: ['steady'],
    what: 'p99 over HTTP, at the rate of this run',
    unit: 'ms',
    of: ({ run }) => run.whole.p99,
    limit: { below: 10 },
    why: 'The performance floor, with everything switched on: logs, metrics, health.',
  },
  {
    id: 'steady-operations',
    kinds: ['steady'],
    what: 'Operations per second of one process within p99 < 10 ms, without HTTP',
    unit: '/s',
    of: ({ direct }) => direct?.perSecond,
    limit: { above: 5000 },
    why: 'The performance floor. Session reads, cached reads and writes through the library; HTTP would measure the web framework.',
  },
  {
    id: 'steady-processor',
    kinds: ['steady'],
    what: 'Processor time per request',
    unit: 'ms',
    of: ({ turns }) => medianOf(turns, 'processorMs'),
    limit: { timesBare: MAX_TIMES_BARE },
    why: 'What the library costs: everything else is the same in both applications.',
  },
  {
    id: 'steady-calm-p99',
    kinds: ['steady'],
    what: 'p99 over HTTP, in turns with the same application on bare ioredis',
    unit: 'ms',
    of: ({ turns }) => medianOf(turns, 'p99'),
    limit: { timesBare: MAX_TIMES_BARE },
    why: 'Its users must not notice the library when nothing is broken.',
  },
];

/** The generator must not be what is measured: handed over later than this, the run says nothing. */
const MAX_LATENESS_MS = { steady: 10, others: 100 };

function percent(share: Figure): Figure {
  return share === null || share === undefined ? null : 100 * share;
}

function holds(value: number | null, limit: Limit, bare: number | null): boolean {
  if (value === null) return false;
  if ('timesBare' in limit) return bare !== null && value <= limit.timesBare * bare;
  if ('exactly' in limit) return value === limit.exactly;
  return 'below' in limit ? value < limit.below : value > limit.above;
}

function limitText({ limit, unit = '' }: Bound): string {
  if ('timesBare' in limit) return `≤ ${limit.timesBare} × bare`;
  if ('exactly' in limit) return `${limit.exactly} ${unit}`.trim();
  const text = 'below' in limit ? `< ${limit.below}` : `> ${limit.above}`;
  return `${text} ${unit}`.trim();
}

/** The bounds of a drill with what was measured. */
export function judge(kind: Kind, ours: Result, bare: Result | null): Verdict[] {
  return BOUNDS.filter((bound) => bound.kinds.includes(kind) && canJudge(bound, ours, bare)).map(
    (bound) => {
      const value = measured(bound, ours);
      const ofBare = bare === null ? null : measured(bound, bare);
      return {
        id: bound.id,
        what: bound.what,
        unit: bound.unit ?? '',
        limit: limitText(bound),
        why: bound.why,
        value,
        holds: holds(value, bound.limit, ofBare),
        bare: ofBare,
      };
    },
  );
}

// At another rate, or alone, they took no turns.
function canJudge({ limit }: Bound, ours: Result, bare: Result | null): boolean {
  return !('timesBare' in limit) || bare?.rate === ours.rate;
}

function measured(bound: Bound, result: Result): number | null {
  const value = bound.of(result) ?? NaN;
  return Number.isNaN(value) ? null : Math.round(value * 100) / 100;
}

/** What is to be said when the generator did not keep its schedule; `null` when it did. */
export function latenessProblem(kind: Kind, { run }: Pick<Result, 'run'>): string | null {
  const most = kind === 'steady' ? MAX_LATENESS_MS.steady : MAX_LATENESS_MS.others;
  const late = run.lateness.p99;
  if (Number.isNaN(late) || late < most) return null;
  return (
    `The load generator was late itself: p99 ${formatMs(late)} ms (at most ${most} ms are good). ` +
    'This machine cannot carry the load and the service; the figures blame the service for it. Give a lower --rate.'
  );
}

const FULL = 0.9;
const OWN_SHARE = 0.65;

/** Says so when the machine was full and most of it was not the drill's: other programs spoil latencies. `null` if not. */
export function crowdNote(
  { samples, cpu }: Pick<Result, 'samples' | 'cpu'>,
  cores: number,
): string | null {
  const known = samples.map((row) => row?.busy ?? null).filter((busy) => busy !== null);
  if (known.length === 0 || cpu.services === null || cpu.load === null) return null;
  const busy = mean(known);
  const own = cpu.services + cpu.load;
  if (busy < FULL || own > OWN_SHARE * busy * cores) return null;
  return (
    `Other programs kept this machine busy: ${(busy * cores).toFixed(1)} of ${cores} cores were in use, ` +
    `and service and generator needed ${own.toFixed(1)} of them. Latencies and drops of this run say little; run it again alone.`
  );
}

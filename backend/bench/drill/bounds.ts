// What a drill must show, and why. The bounds hold for the service on nestjs-redis-ha; the bare client has none.

const FAILOVERS = ['kill', 'freeze', 'switchover'];
const FAULTS = [...FAILOVERS, 'all-down'];
const ALL = [...FAULTS, 'steady'];

const phase = (result, name) => result.run.phases.find((each) => each.name === name);
const failedOf = (kind) => (result) => result.run.whole.kinds[kind]?.failed ?? null;
// Who did not hear of the promotion itself has seen its consequence.
const promotion = ({ steps }) =>
  (
    steps.find(({ label }) => label === 'promoted') ??
    steps.find(({ label }) => label === 'switched')
  )?.afterFaultMs ?? null;

/** Each bound: for which faults, the figure, the limit (`below`, `above` or `exactly`), and the reason. */
export const BOUNDS = [
  {
    id: 'session-failures',
    kinds: ALL,
    what: 'Session validations that failed',
    of: failedOf('session'),
    exactly: 0,
    why: 'A user who is logged in stays logged in, whatever happens to Redis: replicas or memory answer.',
  },
  {
    id: 'catalogue-failures',
    kinds: ALL,
    what: 'Catalogue reads that failed',
    of: failedOf('catalogue'),
    exactly: 0,
    why: 'A product comes from Redis, from memory or from the database; one of them is always there.',
  },
  {
    id: 'error-rate',
    kinds: ALL,
    what: 'Share of all requests that failed',
    unit: '%',
    of: ({ run }) => (100 * run.whole.failed) / run.whole.requests,
    below: 1,
    why: 'The promise for a failover under load; logins and logouts, which write, count too.',
  },
  {
    id: 'p99-before',
    kinds: FAULTS,
    what: 'p99 before the fault',
    unit: 'ms',
    of: (result) => phase(result, 'before')?.p99 ?? null,
    below: 200,
    why: 'The promise for undisturbed operation. A run that misses it says nothing about the fault.',
  },
  {
    id: 'p50-during',
    kinds: FAULTS,
    what: 'p50 during the fault',
    unit: 'ms',
    of: (result) => phase(result, 'during')?.p50 ?? null,
    below: 100,
    why: 'The usual request must not notice.',
  },
  {
    id: 'p99-during',
    kinds: FAULTS,
    what: 'p99 during the fault',
    unit: 'ms',
    of: (result) => phase(result, 'during')?.p99 ?? null,
    below: 500,
    why: 'One request in a hundred may notice, but not so that its user does.',
  },
  {
    id: 'p99-after',
    kinds: FAULTS,
    what: 'p99 after the fault',
    unit: 'ms',
    of: (result) => phase(result, 'after')?.p99 ?? null,
    below: 200,
    why: 'Nothing of the fault may stay behind.',
  },
  {
    id: 'throughput-drop',
    kinds: FAULTS,
    what: 'Requests without a good answer in the worst second of the fault',
    unit: '%',
    of: (result) => percent(phase(result, 'during')?.worstDrop),
    below: 10,
    why: 'The mean of the whole fault would hide a second in which nothing is answered.',
  },
  {
    id: 'sessions-lost',
    kinds: ALL,
    what: 'Sessions lost: made before the run, or acknowledged during it',
    of: ({ verified }) => verified.lastingLost + verified.freshLost,
    exactly: 0,
    why: 'What was acknowledged is there afterwards, at every instance.',
  },
  {
    id: 'sessions-back',
    kinds: ALL,
    what: 'Sessions that were logged out and are valid again',
    of: ({ verified }) => verified.endedAlive,
    exactly: 0,
    why: 'A session that was ended stays ended; a replay must not bring it back.',
  },
  {
    id: 'hit-rate',
    kinds: FAULTS,
    what: 'Hit rate in the last third, less than two minutes after the fault',
    unit: '%',
    of: ({ hitRate }) => percent(hitRate.after),
    above: 85,
    why: 'A failover must not send every request to the database.',
  },
  {
    id: 'promoted',
    kinds: ['kill', 'freeze'],
    what: 'From the fault to the promotion of a replica',
    unit: 'ms',
    of: promotion,
    below: 5000,
    why: 'Three seconds until Sentinel calls the primary down, one for the vote, one to spare.',
  },
  {
    id: 'switched-on-purpose',
    kinds: ['switchover'],
    what: 'From the call of switchover() to the promotion of a replica',
    unit: 'ms',
    of: promotion,
    below: 3000,
    why: 'Nobody has to be found dead first.',
  },
  {
    id: 'healthy-again',
    kinds: ['all-down'],
    what: 'From the return of Redis until every instance says "up"',
    unit: 'ms',
    of: ({ upAgainMs }) => upAgainMs,
    below: 20_000,
    why: 'Reconnecting, replaying the journal and a second of calm, with time to spare.',
  },
  {
    id: 'steady-p99',
    kinds: ['steady'],
    what: 'p99 over HTTP, at the rate of this run',
    unit: 'ms',
    of: ({ run }) => run.whole.p99,
    below: 10,
    why: 'The performance floor, with everything switched on: logs, metrics, health.',
  },
  {
    id: 'steady-operations',
    kinds: ['steady'],
    what: 'Operations per second of one process within p99 < 10 ms, without HTTP',
    unit: '/s',
    of: ({ direct }) => direct?.perSecond ?? null,
    above: 5000,
    why: 'The performance floor. Session reads, cached reads and writes through the library; HTTP would measure the web framework.',
  },
];

/** The generator must not be what is measured: handed over later than this, the run says nothing. */
export const MOST_LATENESS_MS = { steady: 10, default: 100 };

const percent = (share) => (share === null || share === undefined ? null : 100 * share);

const holds = (value, { exactly, below, above }) => {
  if (value === null || value === undefined || Number.isNaN(value)) return false;
  if (exactly !== undefined) return value === exactly;
  return below === undefined ? value > above : value < below;
};

const limitOf = ({ exactly, below, above, unit = '' }) => {
  if (exactly !== undefined) return `${exactly}`;
  return below === undefined ? `> ${above} ${unit}` : `< ${below} ${unit}`;
};

/** The bounds of a drill with what was measured: `{ id, what, unit, limit, why, value, holds, bare }`. */
export function judge(kind, ours, bare) {
  return BOUNDS.filter(({ kinds }) => kinds.includes(kind)).map((bound) => {
    const value = ours === null ? null : measured(bound, ours);
    return {
      id: bound.id,
      what: bound.what,
      unit: bound.unit ?? '',
      limit: limitOf(bound).trim(),
      why: bound.why,
      value,
      holds: holds(value, bound),
      bare: bare === null ? null : measured(bound, bare),
    };
  });
}

function measured(bound, result) {
  const value = bound.of(result);
  return value === null || value === undefined ? null : Math.round(value * 100) / 100;
}

/** Whether the generator kept its schedule; if not, what is to be said. */
export function latenessProblem(kind, result) {
  const most = MOST_LATENESS_MS[kind] ?? MOST_LATENESS_MS.default;
  const late = result.run.lateness.p99;
  if (late === null || late < most) return null;
  return (
    `The load generator was late itself: p99 ${late} ms (at most ${most} ms are good). ` +
    'This machine cannot carry the load and the service; the figures blame the service for it. Give a lower --rate.'
  );
}

const FULL = 0.9;
const OWN_SHARE = 0.65;

/** Says so when the machine was full and most of it was not the drill's: other programs spoil latencies. `null` if not. */
export function crowdNote({ samples, cpu }, cores) {
  const known = samples.map((row) => row?.busy ?? null).filter((busy) => busy !== null);
  if (known.length === 0 || cpu.services === null || cpu.load === null) return null;
  const busy = known.reduce((sum, each) => sum + each, 0) / known.length;
  const own = cpu.services + cpu.load;
  if (busy < FULL || own > OWN_SHARE * busy * cores) return null;
  return (
    `Other programs kept this machine busy: ${(busy * cores).toFixed(1)} of ${cores} cores were in use, ` +
    `and service and generator needed ${own.toFixed(1)} of them. Latencies and drops of this run say little; run it again alone.`
  );
}

// From single requests to figures: percentiles, seconds, phases.

/** The value that the share `p` of the values does not exceed; `null` when there are none. */
export function percentile(values, p) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)];
}

const rounded = (value) => (value === null ? null : Math.round(value * 100) / 100);

/** The three percentiles and the largest value. */
export function summary(latencies) {
  return {
    p50: rounded(percentile(latencies, 0.5)),
    p95: rounded(percentile(latencies, 0.95)),
    p99: rounded(percentile(latencies, 0.99)),
    max: rounded(percentile(latencies, 1)),
  };
}

/** Every request of a run. `dueMs` and `latencyMs` count from the start of the run and from when it was due. */
export class Ledger {
  dueMs = [];
  latencyMs = [];
  kind = [];
  outcome = [];

  add(kind, dueMs, latencyMs, outcome) {
    this.kind.push(kind);
    this.dueMs.push(dueMs);
    this.latencyMs.push(latencyMs);
    this.outcome.push(outcome);
  }
}

/** A quick refusal is no quick answer: percentiles are of good answers and of those that never came. */
const countsForLatency = (outcome) => outcome === 'ok' || outcome === 'timeout';

const emptySecond = () => ({ offered: 0, answered: 0, failed: 0, errors: {}, latencies: [] });

/** One row for each second of the run: a request counts in the second it was due, an answer in the second it came. */
export function perSecond(ledger, seconds) {
  const rows = Array.from({ length: seconds }, emptySecond);
  for (let i = 0; i < ledger.dueMs.length; i++) {
    const row = rows[Math.floor(ledger.dueMs[i] / 1000)];
    if (row === undefined) continue;
    noteRequest(row, ledger, i);
    const answeredIn = rows[Math.floor((ledger.dueMs[i] + ledger.latencyMs[i]) / 1000)];
    if (ledger.outcome[i] === 'ok' && answeredIn !== undefined) answeredIn.answered += 1;
  }
  return rows.map(({ latencies, ...row }) => ({ ...row, ...summary(latencies) }));
}

function noteRequest(row, ledger, i) {
  const outcome = ledger.outcome[i];
  row.offered += 1;
  if (outcome !== 'ok') {
    const name = `${ledger.kind[i]} ${outcome}`;
    row.failed += 1;
    row.errors[name] = (row.errors[name] ?? 0) + 1;
  }
  if (countsForLatency(outcome)) row.latencies.push(ledger.latencyMs[i]);
}

/** The figures of one stretch of the run, in all and for each kind of request. */
export function ofPhase(ledger, { name, fromMs, toMs }) {
  const all = emptyPhase();
  const kinds = {};
  for (let i = 0; i < ledger.dueMs.length; i++) {
    if (ledger.dueMs[i] < fromMs || ledger.dueMs[i] >= toMs) continue;
    const ofKind = (kinds[ledger.kind[i]] ??= emptyPhase());
    for (const part of [all, ofKind]) notePhase(part, ledger, i);
  }
  const seconds = (toMs - fromMs) / 1000;
  const ofKinds = Object.entries(kinds).map(([kind, part]) => [kind, finished(part)]);
  return { name, fromMs, toMs, seconds, ...finished(all), kinds: Object.fromEntries(ofKinds) };
}

const emptyPhase = () => ({ requests: 0, failed: 0, errors: {}, latencies: [] });

function notePhase(part, ledger, i) {
  const outcome = ledger.outcome[i];
  part.requests += 1;
  if (outcome !== 'ok') {
    part.failed += 1;
    part.errors[outcome] = (part.errors[outcome] ?? 0) + 1;
  }
  if (countsForLatency(outcome)) part.latencies.push(ledger.latencyMs[i]);
}

const finished = ({ latencies, ...part }) => ({ ...part, ...summary(latencies) });

/** The largest share of the offered load that stayed without a good answer in one second of a phase. */
export function worstDrop(rows, { fromMs, toMs }) {
  const inside = rows.slice(Math.ceil(fromMs / 1000), Math.floor(toMs / 1000));
  const drops = inside
    .filter(({ offered }) => offered > 0)
    .map(({ offered, answered }) => Math.max(0, 1 - answered / offered));
  return drops.length === 0 ? null : Math.max(...drops);
}

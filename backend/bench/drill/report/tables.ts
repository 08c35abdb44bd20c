// The tables of the report.
import { escape, number, share } from './text.mjs';

const cell = (text, isNumber = true) => `<td${isNumber ? ' class="n"' : ''}>${text}</td>`;
const head = (names) =>
  `<tr>${names.map((name, index) => `<th${index === 0 ? '' : ' class="n"'}>${escape(name)}</th>`).join('')}</tr>`;
const box = (rows) => `<div class="box"><table>${rows.join('')}</table></div>`;

const withUnit = (value, unit) =>
  value === null ? '–' : `${number(value)} ${escape(unit)}`.trim();

/** Every bound, its reason, what was measured, and what the bare client had. */
export function verdictTable(verdict, hasBare) {
  const rows = verdict.map(
    ({ what, why, limit, unit, value, holds, bare }) =>
      `<tr><td>${escape(what)}<div class="why">${escape(why)}</div></td>` +
      cell(escape(limit)) +
      cell(withUnit(value, unit)) +
      cell(`<span class="mark ${holds ? 'yes' : 'no'}">${holds ? '✓ holds' : '✗ broken'}</span>`) +
      (hasBare ? cell(withUnit(bare, unit)) : '') +
      '</tr>',
  );
  const names = ['Bound', 'limit', 'measured', 'verdict', ...(hasBare ? ['bare ioredis'] : [])];
  return box([head(names), ...rows]);
}

/** Latency and failures of each stretch of the run. */
export function phaseTable({ run }) {
  const row = (phase) =>
    `<tr><td>${escape(phase.name)}</td>` +
    [phase.requests, phase.failed, phase.p50, phase.p95, phase.p99, phase.max]
      .map((value) => cell(number(value)))
      .join('') +
    cell(phase.worstDrop === undefined ? '–' : share(phase.worstDrop)) +
    '</tr>';
  const phases =
    run.phases.length > 1 ? [...run.phases, { ...run.whole, name: 'all' }] : run.phases;
  return box([
    head(['', 'requests', 'failed', 'p50 ms', 'p95', 'p99', 'longest', 'worst second']),
    ...phases.map(row),
  ]);
}

/** The same for each kind of request. */
export function kindTable({ run }) {
  const rows = Object.entries(run.whole.kinds).map(([kind, each]) => {
    const errors = Object.entries(each.errors).map(([name, count]) => `${escape(name)}: ${count}`);
    return (
      `<tr><td>${escape(kind)}</td>` +
      [each.requests, each.failed, each.p50, each.p99]
        .map((value) => cell(number(value)))
        .join('') +
      `<td>${errors.join(', ') || '–'}</td></tr>`
    );
  });
  return box([head(['', 'requests', 'failed', 'p50 ms', 'p99', 'errors']), ...rows]);
}

/** The steps of the failover, counted from the fault. */
export function stepTable({ steps, fault }) {
  const first = fault.marks[0];
  if (first === undefined) return '';
  const marks = fault.marks.map(({ label, second }) => ({
    label,
    afterFaultMs: Math.round((second - first.second) * 1000),
  }));
  const rows = [...marks, ...steps]
    .sort((a, b) => a.afterFaultMs - b.afterFaultMs)
    .map(
      ({ label, afterFaultMs }) =>
        `<tr><td>${escape(label)}</td>${cell(`${number(afterFaultMs)} ms`)}</tr>`,
    );
  return box([head(['Step', 'after the fault']), ...rows]);
}

/** Any pairs of a name and a text. */
export const factTable = (facts) =>
  box(
    facts.map(
      ([name, text]) => `<tr><td class="soft">${escape(name)}</td><td>${escape(text)}</td></tr>`,
    ),
  );

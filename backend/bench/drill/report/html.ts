// The report as one page that needs nothing else.
import { chart } from './chart.mjs';
import { STYLE } from './style.mjs';
import { factTable, kindTable, phaseTable, stepTable, verdictTable } from './tables.mjs';
import { escape, number, share } from './text.mjs';
import { KINDS } from '../arguments.mjs';

const LONGEST_MS = 5000;

/** The page. */
export function toHtml(report) {
  const { kind, ours, bare } = report;
  const both = [ours, bare].filter((result) => result !== null);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Drill: ${escape(kind)}</title><style>${STYLE}</style></head><body><main>
${header(report)}
${tiles(report)}
<h2>Verdict</h2>
${verdictTable(report.verdict, bare !== null)}
<h2>Curves</h2>
<p class="soft">Each second of the run; a request counts in the second in which it was due. Latency is counted from that
moment, on a logarithmic scale that ends at the time limit of 5 s. The red line is the fault, dashed lines are what the
Sentinels and a watching client said.</p>
${curves(both)}
<h2>Steps</h2>
<div class="pair">${both.map((result) => titled(result, stepTable(result))).join('')}</div>
<h2>Stretches of the run</h2>
${both.map((result) => `<div class="pair">${titled(result, phaseTable(result))}${titled(null, kindTable(result))}</div><br>`).join('')}
<h2>How it was measured</h2>
${factTable(facts(report))}
</main></body></html>
`;
}

const titled = (result, html) =>
  html === ''
    ? '<div></div>'
    : `<div><h3>${result === null ? '&nbsp;' : escape(result.title)}</h3>${html}</div>`;

function header({ kind, date, passed, problem, note, ours }) {
  const badge = passed ? ['good', 'every bound holds'] : ['bad', 'not passed'];
  const warning = [problem, note]
    .filter((text) => text !== null)
    .map((text) => `<p class="warn bad">${escape(text)}</p>`)
    .join('');
  const failure = ours.fault.failure;
  const failed =
    failure === null
      ? ''
      : `<p class="warn bad">The fault could not be carried out in full: ${escape(failure)}</p>`;
  return `<h1>Drill: ${escape(kind)}<span class="badge ${badge[0]}">${badge[1]}</span></h1>
<p class="soft">${escape(KINDS[kind].what)} · ${number(ours.rate)} requests/s on two instances · ${escape(date.slice(0, 16).replace('T', ' '))} UTC</p>${warning}${failed}`;
}

function tiles({ kind, ours, bare }) {
  const stretch = kind === 'steady' ? 'steady' : 'during';
  const of = (result) => result?.run.phases.find(({ name }) => name === stretch) ?? null;
  const pairs = [
    ...(kind === 'steady'
      ? [['requests per second over HTTP', (result) => number(result.rate)]]
      : []),
    [
      `p99 ${stretch === 'during' ? 'during the fault' : ''}`,
      (result) => `${number(of(result)?.p99)} ms`,
    ],
    ['requests failed', (result) => number(result.run.whole.failed)],
    ['sessions lost', (result) => number(result.verified.lastingLost + result.verified.freshLost)],
    kind === 'steady'
      ? ['operations per second without HTTP', (result) => number(result.direct?.perSecond)]
      : ['worst second without answers', (result) => share(of(result)?.worstDrop)],
  ];
  const tile = ([name, figure]) =>
    `<div class="tile"><span>${escape(name)}</span><b>${figure(ours)}</b><span>${bare === null ? '' : `bare ioredis: ${figure(bare)}`}</span></div>`;
  return `<div class="tiles">${pairs.map(tile).join('')}</div>`;
}

function curves(both) {
  const largest = (pick) =>
    Math.max(1, ...both.flatMap((result) => result.run.seconds.map((row) => pick(row) ?? 0)));
  const mostRequests = largest((row) => Math.max(row.offered, row.answered)) * 1.1;
  const mostErrors = largest((row) => row.failed) * 1.1;
  const kinds = [
    latencyChart,
    (result) => rateChart(result, mostRequests),
    (result) => errorChart(result, mostErrors),
    hitRateChart,
  ];
  const titles = both.map(({ title }) => `<h3>${escape(title)}</h3>`).join('');
  const rows = kinds.map((make) => `<div class="pair">${both.map(make).join('')}</div>`);
  return `<div class="pair">${titles}</div>${rows.join('<br>')}`;
}

const marksOf = ({ fault, steps }) =>
  [...fault.marks.map((mark) => ({ ...mark, isFault: true })), ...steps].sort(
    (a, b) => a.second - b.second,
  );

const base = (result) => ({ seconds: result.run.seconds.length, marks: marksOf(result) });

const line = (name, className, rows, pick) => ({
  name,
  className,
  values: rows.map((row) => (row === null ? null : pick(row))),
});

function latencyChart(result) {
  const rows = result.run.seconds;
  return chart({
    ...base(result),
    title: 'Latency',
    unit: 'ms',
    max: LONGEST_MS,
    log: true,
    series: [
      line('p50', 'a', rows, ({ p50 }) => p50),
      line('p95', 'b', rows, ({ p95 }) => p95),
      line('p99', 'c', rows, ({ p99 }) => p99),
    ],
  });
}

function rateChart(result, max) {
  const rows = result.run.seconds;
  return chart({
    ...base(result),
    title: 'Throughput',
    unit: 'requests/s',
    max,
    series: [
      line('offered', 'd', rows, ({ offered }) => offered),
      line('answered well', 'a', rows, ({ answered }) => answered),
    ],
  });
}

const errorChart = (result, max) =>
  chart({
    ...base(result),
    title: 'Failed requests',
    unit: 'requests/s',
    max,
    series: [line('failed', 'c', result.run.seconds, ({ failed }) => failed)],
  });

const hitRateChart = (result) =>
  chart({
    ...base(result),
    title: 'Hit rate, and how busy the machine was',
    unit: '%',
    max: 100,
    series: [
      line('machine busy', 'd', result.samples, ({ busy }) => (busy === null ? null : 100 * busy)),
      line('hit rate', 'a', result.samples, ({ hitRate }) =>
        hitRate === null ? null : 100 * hitRate,
      ),
    ],
  });

function facts(report) {
  const { machine, mix, ours, bare, seconds, archive } = report;
  const cores = (value) => (value === null ? 'not known' : `${number(value)} cores`);
  return [
    [
      'Machine',
      `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}; load average before: ${machine.loadBefore}`,
    ],
    [
      'Versions',
      `Node ${machine.node}, Redis ${machine.redis}, ioredis ${machine.ioredis}, nestjs-redis-ha ${machine.library}`,
    ],
    [
      'Cluster',
      'one primary, two replicas, three Sentinels, new for each service; down-after-milliseconds 3000, quorum 2, failover-timeout 10000',
    ],
    [
      'Order',
      'one service after the other, on the same machine with the same load and fault, each alone: together they would compete for the cores',
    ],
    [
      'Load',
      `open loop, ${number(ours.rate)} requests/s${bare !== null && bare.rate !== ours.rate ? ` (bare: ${number(bare.rate)})` : ''} for ${seconds} s: ${Object.entries(
        mix,
      )
        .map(([name, value]) => `${share(value)} ${name}`)
        .join(
          ', ',
        )}; 5 s until a request counts as failed; ${ours.sessionsMade.sessions} sessions made beforehand`,
    ],
    ['Archive of sessions', archive ? 'Postgres (ours)' : 'none: sessions live in Redis only'],
    [
      'Generator',
      [ours, bare]
        .filter(Boolean)
        .map(
          (result) =>
            `${result.title}: late by p99 ${number(result.run.lateness.p99)} ms, at most ${number(result.run.lateness.max)} ms`,
        )
        .join('; '),
    ],
    [
      'Processor time',
      [ours, bare]
        .filter(Boolean)
        .map(
          (result) =>
            `${result.title}: two instances ${cores(result.cpu.services)}, generator ${cores(result.cpu.load)}`,
        )
        .join('; '),
    ],
    [
      'Sessions looked at in the end',
      [ours, bare]
        .filter(Boolean)
        .map(
          ({ title, verified: v }) =>
            `${title}: ${v.lasting} of before (${v.lastingLost} lost), ${v.fresh} of the run (${v.freshLost} lost), ${v.ended} logged out (${v.endedAlive} valid again)`,
        )
        .join('; '),
    ],
    ...operationFacts(report),
  ];
}

function operationFacts({ kind, ours, bare }) {
  if (kind !== 'steady') {
    return [
      [
        'Watching client',
        [ours, bare]
          .filter(Boolean)
          .map(
            ({ title, heart }) =>
              `beside ${title}: ${heart.writes} writes, ${heart.failed} failed, longest time between two ${number(heart.longestGapMs)} ms`,
          )
          .join('; '),
      ],
    ];
  }
  const both = [ours, bare].filter(Boolean);
  const rows = [
    [
      'Commands to Redis in the HTTP run',
      both
        .map(
          (result) =>
            `${result.title}: ${number(result.operationsPerSecond)} per second by its own count, ${number(result.redisCommandsPerSecond)} by that of Redis (INFO commandstats of all data nodes, without housekeeping and replication; what a script calls counts too)`,
        )
        .join('; '),
    ],
  ];
  for (const { title, levels, direct } of both) {
    if (levels !== null) rows.push([`Requests/s tried: ${title}`, listOf(levels.tried)]);
    if (direct !== null) rows.push([`Operations/s without HTTP: ${title}`, listOf(direct.levels)]);
  }
  return rows;
}

const listOf = (levels) =>
  levels
    .map(
      ({ rate, p99, failed }) =>
        `${number(rate)}: p99 ${number(p99)} ms${failed > 0 ? `, ${failed} failed` : ''}`,
    )
    .join('; ');

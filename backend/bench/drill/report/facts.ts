import type { Fact } from '../../../src/cli/report/index.js';
import { formatFigure, formatShare } from '../../../src/cli/measure/figures.js';
import type { Machine } from '../machine.js';
import type { Level, Report, Result } from '../results.js';

/** How it was measured. */
export function factsOf(report: Report): Fact[] {
  const { machine, archive, ours, bare } = report;
  const both = bare === null ? [ours] : [ours, bare];
  return [
    ...machineFacts(machine),
    [
      'Cluster',
      'one primary, two replicas, three Sentinels, new for each service; down-after-milliseconds 3000, quorum 2, failover-timeout 10000',
    ],
    [
      'Order',
      'one service after the other, on the same machine with the same load and fault, each alone: together they would compete for the cores',
    ],
    ['Load', loadOf(report)],
    ['Archive of sessions', archive ? 'Postgres (ours)' : 'none: sessions live in Redis only'],
    ['Generator', of(both, generatorOf)],
    ['Processor time', of(both, processorTimeOf)],
    ['Sessions looked at in the end', of(both, sessionsOf)],
    ...(report.kind === 'steady' ? steadyFacts(both) : faultFacts(both)),
  ];
}

/** What it was measured on. */
export function machineFacts(machine: Machine): Fact[] {
  return [
    [
      'Machine',
      `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}; load average before: ${machine.loadBefore}`,
    ],
    [
      'Versions',
      `Node ${machine.node}, Redis ${machine.redis}, ioredis ${machine.ioredis}, nestjs-redis-ha ${machine.library}`,
    ],
  ];
}

function of(both: readonly Result[], tell: (result: Result) => string): string {
  return both.map(tell).join('; ');
}

function loadOf({ ours, bare, mix, seconds }: Report): string {
  const shares = Object.entries(mix).map(([name, value]) => `${formatShare(value)} ${name}`);
  const isOther = bare !== null && bare.rate !== ours.rate;
  return [
    `open loop, ${formatFigure(ours.rate)} requests/s`,
    isOther ? ` (bare: ${formatFigure(bare.rate)})` : '',
    ` for ${seconds} s: ${shares.join(', ')}; 5 s until a request counts as failed; `,
    `${ours.sessionsMade.sessions} sessions made beforehand`,
  ].join('');
}

function generatorOf({ title, run: { lateness } }: Result): string {
  return `${title}: late by p99 ${formatFigure(lateness.p99)} ms, at most ${formatFigure(lateness.max)} ms`;
}

function processorTimeOf({ title, cpu }: Result): string {
  const cores = (value: number | null): string =>
    value === null ? 'not known' : `${formatFigure(value)} cores`;
  return `${title}: two instances ${cores(cpu.services)}, generator ${cores(cpu.load)}`;
}

function sessionsOf({ title, verified }: Result): string {
  const { lasting, lastingLost, fresh, freshLost, ended, endedAlive } = verified;
  return `${title}: ${lasting} of before (${lastingLost} lost), ${fresh} of the run (${freshLost} lost), ${ended} logged out (${endedAlive} valid again)`;
}

function faultFacts(both: readonly Result[]): Fact[] {
  const watching = ({ title, heart }: Result): string =>
    `beside ${title}: ${heart.writes} writes, ${heart.failed} failed, longest time between two ${formatFigure(heart.longestGapMs)} ms`;
  return [['Watching client', of(both, watching)]];
}

function steadyFacts(both: readonly Result[]): Fact[] {
  const commands = (result: Result): string =>
    `${result.title}: ${formatFigure(result.operationsPerSecond)} per second by its own count, ${formatFigure(result.redisCommandsPerSecond)} by that of Redis (INFO commandstats of all data nodes, without housekeeping and replication; what a script calls counts too)`;
  return [
    ['Commands to Redis in the HTTP run', of(both, commands)],
    ...both.flatMap(({ title, levels, direct }) => [
      ...levelFact(`Requests/s tried: ${title}`, levels?.tried),
      ...levelFact(`Operations/s without HTTP: ${title}`, direct?.levels),
    ]),
  ];
}

function levelFact(name: string, levels: readonly Level[] | undefined): Fact[] {
  if (levels === undefined) return [];
  const list = levels.map(({ rate, p99, failed }) => {
    const failures = failed > 0 ? `, ${failed} failed` : '';
    return `${formatFigure(rate)}: p99 ${formatFigure(p99)} ms${failures}`;
  });
  return [[name, list.join('; ')]];
}

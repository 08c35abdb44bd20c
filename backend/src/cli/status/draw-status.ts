import type { AppHealth } from '../app-health/index.js';
import { type Column, drawTable, formatBytes, type Screen, wrapText } from '../screen/index.js';
import { drawCheck, drawVerdict } from '../verdict/index.js';
import type { NodeStatus, SentinelStatus, StatusReport } from './status-report.js';

const COLUMNS: readonly Column[] = [
  { title: 'server', isFlexible: true },
  { title: 'role' },
  { title: 'version' },
  { title: 'link' },
  { title: 'behind', isNumber: true },
  { title: 'memory', isNumber: true },
  { title: 'clients', isNumber: true },
  { title: 'reply', isNumber: true },
];

/** Draws a status as lines: the verdict, the table, the application, and what is not well. */
export function drawStatus(report: StatusReport, screen: Screen): string[] {
  const { sentinels, nodes, app } = report;
  const rows = [
    ...nodes.map((node) => nodeRow(node, report, screen)),
    ...sentinels.map((sentinel) => sentinelRow(sentinel, report, screen)),
  ];
  const width = screen.isTerminal ? screen.columns : null;
  const bad = report.checks.filter(({ level }) => level !== 'ok');
  return [
    ...verdictLines(report, screen),
    ...(rows.length === 0 ? [] : ['', ...drawTable(COLUMNS, rows, width)]),
    ...(app === null ? [] : ['', ...appLines(app)]),
    ...(bad.length === 0 ? [] : ['', ...bad.map((check) => drawCheck(check, screen))]),
  ];
}

function verdictLines(report: StatusReport, screen: Screen): string[] {
  const { verdict, reason, masterName } = report;
  const name = masterName === null ? '' : ` ${masterName}`;
  const text = `${drawVerdict(verdict, screen)}${name}${reason === null ? '' : `: ${reason}`}`;
  return screen.isTerminal ? wrapText(text, screen.columns) : [text];
}

function nodeRow(node: NodeStatus, { primary }: StatusReport, screen: Screen): string[] {
  const { styles } = screen;
  const { address, fault, role, version, link, behindBytes, usedBytes, clients, replyMs } = node;
  if (fault !== null) return [address, faulty(role, screen), ...shown(version), styles.bad('away')];
  const isTwo = role === 'primary' && primary !== null && address !== primary;
  return [
    address,
    role === 'primary' ? (isTwo ? styles.bad : styles.strong)('primary') : role,
    ...shown(version),
    link === null ? '-' : link === 'up' ? styles.good('up') : styles.doubtful(link),
    ...shown(behindBytes === null ? null : formatBytes(behindBytes)),
    ...shown(usedBytes === null ? null : formatBytes(usedBytes)),
    ...shown(clients),
    ...shown(replyMs, 'ms'),
  ];
}

function faulty(role: NodeStatus['role'], { styles }: Screen): string {
  return role === 'unknown' ? styles.faint('-') : role;
}

function sentinelRow(
  sentinel: SentinelStatus,
  { primary }: StatusReport,
  { styles }: Screen,
): string[] {
  const { address, fault, version, canFailOver, clients, replyMs } = sentinel;
  const link =
    fault !== null
      ? styles.bad('away')
      : canFailOver === false
        ? styles.doubtful('no quorum')
        : sentinel.primary === primary
          ? styles.good(canFailOver === null ? 'agrees' : 'quorum')
          : styles.doubtful('disagrees');
  const figures = [...shown(clients), ...shown(replyMs, 'ms')];
  return [address, 'sentinel', ...shown(version), link, '-', '-', ...figures];
}

/** A cell; `-` where nothing is known. */
function shown(value: string | number | null, unit = ''): [string] {
  return [value === null ? '-' : `${String(value)}${unit === '' ? '' : ` ${unit}`}`];
}

function appLines(app: AppHealth): string[] {
  const { url, status, mode, master, journal } = app;
  const sentinels =
    app.sentinels === null
      ? ''
      : `, ${String(app.answeringSentinels)} of ${String(app.sentinels)} Sentinels answer`;
  return [
    `application ${url}: ${status}, ${mode} mode${app.message === null ? '' : `; ${app.message}`}`,
    `  primary ${master ?? 'none'}, ${String(app.onlineReplicas)} of ${String(app.replicas)} replicas online${sentinels}`,
    `  hit rate ${percent(app.hitRatePercent)}; ${timing('reads', app.readP50Ms, app.readP99Ms)}; ${timing('writes', app.writeP50Ms, app.writeP99Ms)}`,
    ...(journal === null ? [] : [`  ${journalLine(journal)}`]),
  ];
}

function percent(value: number | null): string {
  return value === null ? 'unknown (nothing was read)' : `${String(value)} %`;
}

function timing(what: string, median: number | null, most: number | null): string {
  if (median === null || most === null) return `no ${what}`;
  return `${what} p50 ${String(median)} ms, p99 ${String(most)} ms`;
}

function journalLine(journal: NonNullable<AppHealth['journal']>): string {
  const { entries, bytes, oldestMs, isFull, file } = journal;
  const oldest =
    oldestMs === null || entries === 0 ? '' : `, the oldest for ${String(oldestMs)} ms`;
  const disk = file === null ? 'in memory only' : `its file is ${file}`;
  const waits = `${String(entries)} ${entries === 1 ? 'write waits' : 'writes wait'} (${formatBytes(bytes)}${oldest})`;
  return `journal: ${waits}, ${disk}${isFull ? '; it is full' : ''}`;
}

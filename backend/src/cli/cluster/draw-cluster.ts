import { inShell } from '../local/index.js';
import { lineForShell, otherWays } from '../reach/index.js';
import { drawTable, type Screen } from '../screen/index.js';
import type { ClusterReport } from './cluster-shape.js';

const COLUMNS = [
  { title: 'node' },
  { title: 'address' },
  { title: 'process', isFlexible: true },
  { title: 'state' },
  { title: 'role' },
];

/**
 * The cluster as lines for people.
 *
 * @param up - what is typed to start what is gone of it
 */
export function drawCluster(report: ClusterReport, up: string, screen: Screen): string[] {
  const { good, bad, doubtful, faint } = screen.styles;
  const rows = report.nodes.map(({ name, address, process, state, role }) => [
    name,
    address ?? '',
    process ?? '',
    state === 'running' ? good(state) : bad(state),
    role ?? '',
  ]);
  const width = screen.isTerminal ? screen.columns : null;
  const variables = drawVariables(report);
  return [
    ...(rows.length === 0 ? [] : drawTable(COLUMNS, rows, width)),
    ...report.problems.map((problem) => `${doubtful('!')} ${problem}`),
    ...(isGone(report) ? [`  ${up} starts what is gone`] : []),
    ...(variables.length === 0 ? [] : ['', faint(forWhom(report, up)), ...variables]),
    ...drawOperator(report, screen),
  ];
}

function forWhom({ operator }: ClusterReport, up: string): string {
  const isForBoth = Object.keys(operator).length === 0;
  return `# for an application${isForBoth ? ', and for this program' : ''}: ${lineForShell(up)}`;
}

function drawOperator({ operator }: ClusterReport, { styles }: Screen): string[] {
  const exports = exportsOf(operator);
  if (exports.length === 0) return [];
  return ['', styles.faint('# behind them for this program, which asks for more'), ...exports];
}

function isGone({ nodes }: ClusterReport): boolean {
  return nodes.length === 0 || nodes.some(({ state }) => !state.startsWith('running'));
}

/** The variables as lines for a shell. What would contradict them, or lead elsewhere, is unset. */
export function drawVariables({ variables }: ClusterReport): string[] {
  const exports = exportsOf(variables);
  if (exports.length === 0) return [];
  return [`unset ${otherWays(variables).join(' ')}`, ...exports];
}

function exportsOf(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `export ${name}=${inShell(value)}`);
}

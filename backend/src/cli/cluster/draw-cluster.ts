import { drawTable, type Screen } from '../screen/index.js';
import type { ClusterReport } from './running-cluster.js';

const COLUMNS = [
  { title: 'node' },
  { title: 'address' },
  { title: 'process', isFlexible: true },
  { title: 'state' },
  { title: 'role' },
];

/** The cluster as lines for people. */
export function drawCluster(report: ClusterReport, screen: Screen): string[] {
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
    ...(variables.length === 0 ? [] : ['', faint('# for an application'), ...variables]),
  ];
}

/** The variables as lines for a shell. */
export function drawVariables({ variables }: ClusterReport): string[] {
  return Object.entries(variables).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
  );
}

import { OPTION_TABLE } from '../../redis/config/index.js';
import { inShell } from '../local/index.js';
import { lineForShell } from '../reach/index.js';
import { drawTable, type Screen } from '../screen/index.js';
import type { ClusterReport } from './cluster-report.js';

const COLUMNS = [
  { title: 'node' },
  { title: 'address' },
  { title: 'process', isFlexible: true },
  { title: 'state' },
  { title: 'role' },
];

/** What says where Redis is, and who one is there. The rest of an environment may stay as it is. */
const OF_THE_WAY =
  /^(mode|host|port|path|url|(node|sentinel)\.(username|password|passwordFile|tls)|sentinel\.(masterName|nodes|natMap))$/;

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
    ...(variables.length === 0
      ? []
      : [
          '',
          faint(`# for an application, and for this program: ${lineForShell(up)}`),
          ...variables,
        ]),
  ];
}

function isGone({ nodes }: ClusterReport): boolean {
  return nodes.length === 0 || nodes.some(({ state }) => state !== 'running');
}

/** The variables as lines for a shell. What would contradict them, or lead elsewhere, is unset. */
export function drawVariables({ variables }: ClusterReport): string[] {
  const exports = Object.entries(variables).map(
    ([name, value]) => `export ${name}=${inShell(value)}`,
  );
  if (exports.length === 0) return [];
  const others = OPTION_TABLE.filter(({ path }) => OF_THE_WAY.test(path))
    .flatMap(({ env }) => env)
    .filter((name) => !Object.hasOwn(variables, name));
  return [`unset ${others.join(' ')}`, ...exports];
}

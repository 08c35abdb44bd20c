import { formatAddress } from '../base/address/index.js';
import type { MetricsNode, MetricsStatus } from './metrics-sources.js';
import type { RememberedStatus } from './remembered-status.js';
import { byLabel, histogram, single, singleIfKnown, type Sample } from './sample.js';

// A group this large is a mistake. The number of replicas comes from Sentinels, so it is limited here.
const MAX_NODES = 32;

/** The values of nodes, Sentinels and failovers. */
export function topologyMetrics(
  status: MetricsStatus,
  remembered: RememberedStatus,
): [string, readonly Sample[]][] {
  const { mode, masterName, failovers, epoch, certificates, clockAheadMs } = status;
  const lastAt = failovers.last?.switchedAt ?? null;
  return [
    ['info', [{ labels: { mode, master_name: masterName ?? '' }, value: 1 }]],
    ['read_available', single(status.canRead ? 1 : 0)],
    ['write_available', single(status.canWrite ? 1 : 0)],
    ...nodeMetrics(status),
    ...sentinelMetrics(status),
    ['config_epoch', singleIfKnown(mode === 'sentinel' && epoch >= 0 ? epoch : null)],
    ['primary_resets_total', single(remembered.primaryResets)],
    ['failovers_total', byLabel('reason', remembered.failovers)],
    [
      'failover_duration_seconds',
      remembered.durations.flatMap(([reason, durations]) => histogram({ reason }, durations)),
    ],
    ['last_failover_timestamp_seconds', singleIfKnown(lastAt === null ? null : lastAt / 1_000)],
    [
      'certificate_expiry_timestamp_seconds',
      certificates.slice(0, MAX_NODES).map(({ address, until }) => ({
        labels: { node: formatAddress(address) },
        value: until / 1_000,
      })),
    ],
    ['clock_offset_seconds', singleIfKnown(clockAheadMs === null ? null : clockAheadMs / 1_000)],
  ];
}

function nodeMetrics({ primary, replicas }: MetricsStatus): [string, readonly Sample[]][] {
  const byAddress = new Map<string, MetricsNode>();
  for (const node of [...(primary === null ? [] : [primary]), ...replicas]) {
    const address = formatAddress(node.address);
    if (byAddress.size < MAX_NODES && !byAddress.has(address)) byAddress.set(address, node);
  }
  const nodes = [...byAddress];
  const lags = nodes.flatMap(([node, { lagMs }]) =>
    lagMs === null ? [] : [{ labels: { node }, value: lagMs / 1_000 }],
  );
  return [
    [
      'node_up',
      nodes.map(([node, status]) => ({
        labels: { node, role: status.role },
        value: status.connection === 'ready' && !status.isStalled ? 1 : 0,
      })),
    ],
    ['replication_lag_seconds', lags],
  ];
}

function sentinelMetrics({
  mode,
  sentinels,
  quorum,
}: MetricsStatus): [string, readonly Sample[]][] {
  if (mode !== 'sentinel') return [];
  const up = sentinels.filter(({ isAnswering }) => isAnswering).length;
  return [
    ['sentinels', byLabel('state', { up, down: sentinels.length - up })],
    ['sentinel_quorum', singleIfKnown(quorum)],
  ];
}

import { formatAddress } from '../base/address/index.js';
import type { PrimaryGroup } from './primary-group.js';

// Longer than a failover takes to link the replicas to their new primary: a switch is no loss.
const MISSING_AFTER_MS = 10_000;

/**
 * Returns what the group lacks, while it still does its work: each replica and each Sentinel that was there
 * or is configured, and has been missing for a while. Empty where nothing is to be redundant.
 */
export function missingOf({ tracker, sentinels }: PrimaryGroup): string[] {
  if (sentinels === null || tracker.primaryAddress === null) return [];
  const { replicas } = tracker;
  const lost = replicas.filter(({ unsoundMs }) => unsoundMs >= MISSING_AFTER_MS);
  const silent = sentinels.statuses().filter(({ silentMs }) => silentMs >= MISSING_AFTER_MS);
  return [
    ...(replicas.length === 0 ? ['any replica'] : []),
    ...lost.map(({ address }) => `the replica ${formatAddress(address)}`),
    ...silent.map(({ address }) => `the Sentinel ${formatAddress(address)}`),
  ];
}

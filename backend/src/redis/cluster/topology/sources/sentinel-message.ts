import { toNodeAddress } from './sentinel-view.js';
import type { NodeAddress } from '../../../base/address/index.js';

/** The messages of Sentinels that are used here. */
export const SENTINEL_CHANNELS = [
  '+switch-master',
  '+sdown',
  '-sdown',
  '+odown',
  '-odown',
  '+new-epoch',
  '+try-failover',
  '+elected-leader',
  '+failover-state-select-slave',
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+promoted-slave',
  '+failover-end',
  '+failover-end-for-timeout',
  '-failover-abort-not-elected',
  '-failover-abort-no-good-slave',
  '-failover-abort-slave-timeout',
  '-failover-abort-master-is-back',
  '-failover-abort-x-sdown',
  '+slave',
  '+slave-reconf-done',
  '+convert-to-slave',
  '+reboot',
  '+tilt',
  '-tilt',
  '+sentinel',
] as const;

/** A message of a Sentinel about our group. */
export type SentinelMessage =
  | { readonly kind: 'switch'; readonly from: NodeAddress; readonly to: NodeAddress }
  /** About the primary of the group itself, such as `+odown`. */
  | { readonly kind: 'primary'; readonly step: string; readonly node: NodeAddress }
  /** About a replica or another Sentinel of the group. */
  | { readonly kind: 'member'; readonly step: string; readonly node: NodeAddress | null }
  /** About the Sentinel itself, such as `+tilt`. */
  | { readonly kind: 'sentinel'; readonly step: string };

/**
 * Reads a message. Returns `null` for messages about other groups, because many groups may share the
 * same Sentinels.
 */
export function parseSentinelMessage(
  channel: string,
  payload: string,
  masterName: string,
): SentinelMessage | null {
  const words = payload.split(' ');
  if (channel === '+switch-master') return parseSwitch(words, masterName);
  if (channel === '+tilt' || channel === '-tilt' || channel === '+new-epoch') {
    return { kind: 'sentinel', step: channel };
  }
  const [type, name, host, port, at, groupName] = words;
  if (type === 'master') {
    const node = toNodeAddress(host, port);
    return name === masterName && node !== null ? { kind: 'primary', step: channel, node } : null;
  }
  if (at !== '@' || groupName !== masterName) return null;
  return { kind: 'member', step: channel, node: toNodeAddress(host, port) };
}

function parseSwitch(words: readonly string[], masterName: string): SentinelMessage | null {
  const [name, fromHost, fromPort, toHost, toPort] = words;
  const from = toNodeAddress(fromHost, fromPort);
  const to = toNodeAddress(toHost, toPort);
  if (name !== masterName || from === null || to === null) return null;
  return { kind: 'switch', from, to };
}

import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { SentinelMessage } from './sources/sentinel-message.js';
import type { TopologyReport } from './sources/topology-source.js';
import type { GateState } from './write-gate.js';

/** Steps of a failover after which writes that the old primary acknowledges will be lost. */
const FENCING_STEPS: ReadonlySet<string> = new Set([
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+promoted-slave',
]);

// From these steps to the switch a failover takes about a second.
const FENCE_AT_LEAST_MS = 1500;

type Step = Exclude<SentinelMessage, { kind: 'switch' }>;

/** Returns whether writes must wait from this step on. */
export function raisesFence(step: Step, primary: NodeAddress | null): boolean {
  return FENCING_STEPS.has(step.step) && !isAbout(step, primary);
}

/** Returns whether the failover that held back writes is over without a switch. */
export function endsFailover({ step }: Step): boolean {
  return step.startsWith('-failover-abort');
}

/** Returns whether a failover ended without a message: nobody tells of one, and has not for long enough. */
export function isOverInSilence(state: GateState, { noFailoverSince }: TopologyReport): boolean {
  if (state.kind === 'open' || state.reason.by !== 'sentinel') return false;
  return noFailoverSince !== null && noFailoverSince > state.reasonSince + FENCE_AT_LEAST_MS;
}

// Messages and answers come over two connections, so this message may be older than the switch.
function isAbout(step: Step, primary: NodeAddress | null): boolean {
  if (step.kind !== 'member' || step.node === null || primary === null) return false;
  return sameAddress(step.node, primary);
}

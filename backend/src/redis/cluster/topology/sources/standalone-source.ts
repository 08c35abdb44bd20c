import type { NodeAddress } from '../../../base/address/index.js';
import type { NodeRole } from '../../connection/index.js';
import { describeRole } from './describe-role.js';
import type { TopologySource, TopologySourceListener } from './topology-source.js';

/** The source for a single Redis, whose address is configured. */
export class StandaloneSource implements TopologySource {
  readonly #address: NodeAddress;
  readonly accessRefusedAt = null;

  constructor(address: NodeAddress) {
    this.#address = address;
  }

  start(listener: TopologySourceListener): void {
    listener.onTopology(this.#address, 0, []);
  }

  lookAgain(): Promise<void> {
    return Promise.resolve();
  }

  setUrgent(): void {
    // There are no Sentinels to ask more often.
  }

  whyUnknown(): string {
    return 'the address is configured, so it is always known';
  }

  whyNotPrimary(role: NodeRole): string {
    const what = describeRole(role);
    if (role.kind === 'replica') {
      return `${what}. Give the address of the primary, or use mode 'sentinel', which follows it`;
    }
    if (role.kind !== 'other' || role.answer !== 'sentinel') return what;
    return `${what}. List it in sentinel.nodes with mode 'sentinel', or give the address of the primary`;
  }

  close(): void {
    // Nothing was opened.
  }
}

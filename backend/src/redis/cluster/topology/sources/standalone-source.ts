import type { NodeAddress } from '../../../base/address/index.js';
import type { TopologySource, TopologySourceListener } from './topology-source.js';

/** The source for a single Redis, whose address is configured. */
export class StandaloneSource implements TopologySource {
  readonly #address: NodeAddress;

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

  close(): void {
    // Nothing was opened.
  }
}

import type { DecodedSlot } from '../../src/redis/keyspace/index.js';

/** The place beside one copy in memory, with room for anything. */
export class SlotForOne implements DecodedSlot {
  decoded: unknown = undefined;
  bytes = 0;
  timesKept = 0;

  keepDecoded(value: unknown, bytes: number): boolean {
    this.decoded = value;
    this.bytes = bytes;
    this.timesKept++;
    return true;
  }
}

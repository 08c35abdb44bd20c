import type { DecodedSlot } from '../../src/redis/keyspace/index.js';

/** The place beside one copy in memory, with room for anything. */
export class SlotForOne implements DecodedSlot {
  decoded: unknown = undefined;
  bytes = 0;
  timesKept = 0;
  isSpare = false;
  hasRoomForSpares = true;
  /** Others would have to make room for it, and it is not its turn. */
  isCrowded = false;

  keepDecoded(value: unknown, bytes: number, isSpare = false): boolean {
    if (isSpare && !this.hasRoomForSpares) return false;
    this.isSpare = isSpare;
    this.decoded = value;
    this.bytes = bytes;
    this.timesKept++;
    return true;
  }

  mayKeepSpare(): boolean {
    return !this.isCrowded;
  }
}

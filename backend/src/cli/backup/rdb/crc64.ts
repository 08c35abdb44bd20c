// The CRC-64 of Redis (Jones, reflected), in two halves of 32 bits: numbers of 64 bits would take ten times as long.
const POLYNOMIAL_HIGH = 0x95ac9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;
const HIGH = new Uint32Array(256);
const LOW = new Uint32Array(256);

for (let byte = 0; byte < 256; byte++) {
  let [high, low] = [0, byte];
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (isOdd) [high, low] = [(high ^ POLYNOMIAL_HIGH) >>> 0, (low ^ POLYNOMIAL_LOW) >>> 0];
  }
  HIGH[byte] = high;
  LOW[byte] = low;
}

/** Sums up bytes as Redis does at the end of a snapshot and of what `DUMP` answers. */
export class Crc64 {
  #high = 0;
  #low = 0;

  /** Adds bytes. */
  add(bytes: Buffer): this {
    let [high, low] = [this.#high, this.#low];
    for (let i = 0; i < bytes.length; i++) {
      const at = (low ^ (bytes[i] ?? 0)) & 0xff;
      low = (((low >>> 8) | (high << 24)) ^ (LOW[at] ?? 0)) >>> 0;
      high = ((high >>> 8) ^ (HIGH[at] ?? 0)) >>> 0;
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** The sum so far, its lowest byte first. */
  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeUInt32LE(this.#low, 0);
    bytes.writeUInt32LE(this.#high, 4);
    return bytes;
  }
}

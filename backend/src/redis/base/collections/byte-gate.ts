interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/** Lets work through while what is under way holds no more than so many bytes; in order, and one at least. */
export class ByteGate {
  readonly #maxBytes: number;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Does the work when there is room for it. */
  async run<R>(bytes: number, work: () => Promise<R>): Promise<R> {
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) {
      await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    } else {
      this.#enter(bytes);
    }
    try {
      return await work();
    } finally {
      this.#leave(bytes);
    }
  }

  #hasRoom(bytes: number): boolean {
    return this.#underWay === 0 || this.#bytes + bytes <= this.#maxBytes;
  }

  #enter(bytes: number): void {
    this.#underWay++;
    this.#bytes += bytes;
  }

  // Whoever waits has its place at once: nobody takes it in between.
  #leave(bytes: number): void {
    this.#underWay--;
    this.#bytes -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes);) {
      this.#waiting.shift();
      this.#enter(next.bytes);
      next.enter();
      next = this.#waiting[0];
    }
  }
}

import type { Socket } from 'node:net';

/** What happens to the bytes that travel in one direction. */
export type FaultRule =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop' }
  /** `Infinity` holds everything back until another rule comes. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'cut'; readonly afterBytes: number };

type Freight =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly arrivedAt: number }
  | { readonly kind: 'end'; readonly arrivedAt: number }
  | { readonly kind: 'close'; readonly broken: boolean; readonly arrivedAt: number };

// As much as a kernel holds for a peer that does not read. Beyond that the sender has to wait.
const WINDOW_BYTES = 1 << 20;

/** One direction of one connection. Keeps the order of the bytes, also when the rule changes. */
export class FaultStream {
  /** True when bytes were dropped: the stream has a gap, so nothing more may pass. */
  hasLostBytes = false;
  private readonly queue: Freight[] = [];
  private queuedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private cutBudget = Infinity;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private rule: FaultRule,
    private readonly onCut: () => void,
  ) {
    this.apply(rule);
    from.on('data', (bytes: Buffer) => {
      this.take({ kind: 'bytes', bytes, arrivedAt: performance.now() });
    });
    from.on('end', () => {
      this.take({ kind: 'end', arrivedAt: performance.now() });
    });
    from.on('close', (broken: boolean) => {
      this.take({ kind: 'close', broken, arrivedAt: performance.now() });
    });
    to.on('drain', () => {
      this.holdOrResume();
    });
  }

  /** Changes the rule, also for bytes that are held back. */
  apply(rule: FaultRule): void {
    this.rule = rule;
    this.cutBudget = rule.kind === 'cut' ? rule.afterBytes : Infinity;
    this.release();
  }

  /** Drops the bytes that are held back. */
  stop(): void {
    clearTimeout(this.timer);
    this.queue.length = 0;
  }

  private take(freight: Freight): void {
    this.queue.push(freight);
    if (freight.kind === 'bytes') this.queuedBytes += freight.bytes.length;
    this.release();
  }

  private release(): void {
    clearTimeout(this.timer);
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      const waitMs =
        this.rule.kind === 'delay' ? head.arrivedAt + this.rule.ms - performance.now() : 0;
      if (waitMs > 0) {
        this.releaseIn(waitMs);
        break;
      }
      this.queue.shift();
      this.forward(head);
    }
    this.holdOrResume();
  }

  private releaseIn(ms: number): void {
    if (ms === Infinity) return;
    this.timer = setTimeout(() => {
      this.release();
    }, Math.ceil(ms));
  }

  private forward(freight: Freight): void {
    if (freight.kind === 'bytes') this.queuedBytes -= freight.bytes.length;
    if (this.rule.kind === 'drop') {
      this.hasLostBytes = true;
      return;
    }
    switch (freight.kind) {
      case 'bytes':
        this.write(freight.bytes);
        return;
      case 'end':
        this.to.end();
        return;
      case 'close':
        if (freight.broken) breakOff(this.to);
        else this.to.destroySoon();
    }
  }

  private write(bytes: Buffer): void {
    if (bytes.length < this.cutBudget) {
      this.cutBudget -= bytes.length;
      if (this.to.writable) this.to.write(bytes);
      return;
    }
    const last = bytes.subarray(0, this.cutBudget);
    this.stop();
    this.rule = { kind: 'drop' };
    // An end, not a reset: a reset could overtake the bytes that were let through.
    this.to.end(last, () => {
      this.onCut();
    });
  }

  private holdOrResume(): void {
    if (this.from.destroyed) return;
    if (this.queuedBytes > WINDOW_BYTES || this.to.writableNeedDrain) this.from.pause();
    else this.from.resume();
  }
}

/** Ends a connection with a reset, so that the other side sees it broken and not finished. */
export function breakOff(socket: Socket): void {
  // A socket that has sent its end cannot be reset any more: Node reports an error and leaves the handle open.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

import { replyPrefix } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { Wire } from './wire/wire.js';
import type { WireOptions } from './wire/wire-options.js';

/** Another connection to a silent node, opened to find out whether it answers anybody. One at a time. */
export class SecondWire {
  readonly #options: WireOptions;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #onAnswer: () => void;
  #wire: Wire | null = null;

  /** @param onAnswer - the node answers here: it is not busy, and a connection on which it is silent is dead */
  constructor(options: WireOptions, timeoutMs: number, clock: Clock, onAnswer: () => void) {
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** Opens one and asks, unless one is asking. */
  ask(): void {
    if (this.#wire !== null) return;
    const wire: Wire = new Wire(this.#options, this.#clock, {
      onReady: () => {
        void this.#askOn(wire);
      },
      onClosed: () => {
        this.#wire = null;
      },
    });
    this.#wire = wire;
  }

  /** Closes it: whatever it finds out is of no use any more. */
  close(reason: string): void {
    this.#wire?.destroy(reason);
  }

  async #askOn(wire: Wire): Promise<void> {
    const stopTimer = this.#clock.after(this.#timeoutMs, () => {
      wire.destroy('it does not answer either');
    });
    const answers = await wire.call('ping').then(
      () => true,
      (error: unknown) => error instanceof Error && replyPrefix(error) !== 'BUSY' && wire.isReady,
    );
    stopTimer();
    const isPresent = this.#wire === wire;
    wire.destroy('it has served its purpose');
    if (isPresent && answers) this.#onAnswer();
  }
}

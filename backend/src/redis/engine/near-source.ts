import type { Stop } from '../base/timing/index.js';
import type { ResolvedRedisOptions } from '../config/index.js';
import { type CommandRunner, INVALIDATIONS, type Subscriptions } from '../commands/index.js';
import type { NearHearing, NearSource } from '../near-keys/index.js';

const ON_PRIMARY = { readPolicy: 'primary' } as const;
const NO_LIFE = 0;

/** The part of the engine that copies of plain keys use. Replicas are not asked: they may be behind what was told. */
export class EngineNearSource implements NearSource {
  readonly #options: ResolvedRedisOptions;
  readonly #runner: Pick<CommandRunner, 'run'>;
  readonly #subscriptions: Pick<Subscriptions, 'subscribeOwn' | 'invalidations'>;

  constructor(
    options: ResolvedRedisOptions,
    {
      runner,
      subscriptions,
    }: {
      readonly runner: Pick<CommandRunner, 'run'>;
      readonly subscriptions: Pick<Subscriptions, 'subscribeOwn' | 'invalidations'>;
    },
  ) {
    this.#options = options;
    this.#runner = runner;
    this.#subscriptions = subscriptions;
  }

  // Both leave in one turn, so together. What changes the key between the two is told.
  async read(key: string): Promise<readonly [string | null, number]> {
    const value = this.#runner.run('get', [key], 'utf8', ON_PRIMARY);
    const left = this.#runner.run('pttl', [key], 'utf8', ON_PRIMARY).catch(() => NO_LIFE);
    return [(await value) as string | null, Number(await left)];
  }

  async listen({ onChanged, onLost, onHearing }: NearHearing): Promise<Stop> {
    const { invalidations } = this.#subscriptions;
    const prefixLength = this.#options.node.keyPrefix.length;
    const stopChanges = invalidations.listen((keys) => {
      onChanged(keys?.map((key) => key.toString().slice(prefixLength)) ?? null);
    });
    try {
      const subscription = await this.#subscriptions.subscribeOwn(INVALIDATIONS, () => undefined, {
        timeoutMs: this.#options.routing.writeTimeoutMs,
        onLost,
        onHearing: () => {
          // The connection may be one that is not told.
          if (invalidations.refusal === null) onHearing();
        },
      });
      const stop = (): void => {
        stopChanges();
        subscription.unsubscribe().catch(() => undefined);
      };
      if (invalidations.refusal === null) return stop;
      stop();
      throw invalidations.refusal;
    } catch (error) {
      stopChanges();
      throw error;
    }
  }
}

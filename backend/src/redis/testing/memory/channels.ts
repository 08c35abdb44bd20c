import type { Reply } from '../lua/replies.js';
import type { SubscriptionKind } from '../../cluster/connection/index.js';
import type { Stop } from '../../base/timing/index.js';
import { matches } from '../data/glob.js';
import { ReplyError } from '../data/reply-error.js';

/** Listens to channels, by their names or by patterns. Texts are binary. */
export interface ChannelListener {
  readonly kind: SubscriptionKind;
  readonly channels: readonly string[];
  readonly onMessage: (message: string, channel: string) => void;
}

/** Publish and subscribe. A message is delivered after the command that published it. */
export class Channels {
  readonly #listeners = new Set<ChannelListener>();

  /** Adds a listener. Returns what removes it. */
  listen(listener: ChannelListener): Stop {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Tells all who listen to the channel, or to the sharded one of this name. Returns how many channels and patterns
   * are told, each once, as one connection counts.
   */
  publish(channel: string, message: string, isSharded = false): number {
    const told = [...this.#listeners].flatMap((listener) =>
      listener.channels
        .filter((one) => isMeant(listener, one, { channel, isSharded }))
        .map((one) => [listener, one] as const),
    );
    void Promise.resolve().then(() => {
      for (const [listener] of told) {
        if (this.#listeners.has(listener)) listener.onMessage(message, channel);
      }
    });
    return new Set(told.map(([{ kind }, one]) => `${kind} ${one}`)).size;
  }

  /** Answers `PUBSUB`. */
  about([what = '', ...args]: readonly string[]): Reply {
    const names = this.#namesOf(/^shard/i.test(what) ? 'ssubscribe' : 'subscribe');
    switch (what.toLowerCase()) {
      case 'channels':
      case 'shardchannels':
        return names.filter((name) => args[0] === undefined || matches(args[0], name));
      case 'numsub':
      case 'shardnumsub':
        return args.flatMap((name) => [name, names.includes(name) ? 1 : 0]);
      case 'numpat':
        return this.#namesOf('psubscribe').length;
      default:
        throw new ReplyError(
          `ERR Unknown PUBSUB subcommand or wrong number of arguments for '${what}'`,
        );
    }
  }

  #namesOf(kind: SubscriptionKind): string[] {
    const of = [...this.#listeners].filter((one) => one.kind === kind);
    return [...new Set(of.flatMap(({ channels }) => channels))];
  }
}

function isMeant(
  { kind }: ChannelListener,
  one: string,
  { channel, isSharded }: { readonly channel: string; readonly isSharded: boolean },
): boolean {
  if (isSharded !== (kind === 'ssubscribe')) return false;
  return kind === 'psubscribe' ? matches(one, channel) : one === channel;
}

import type { Reply } from '../lua/replies.js';
import type { Stop } from '../../base/timing/index.js';
import { matches } from '../data/glob.js';
import { ReplyError } from '../data/reply-error.js';

/** Listens to channels, by their names or by patterns. Texts are binary. */
export interface ChannelListener {
  readonly isPattern: boolean;
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

  /** Tells all listeners. Returns how many channels and patterns are told, each once, as one connection counts. */
  publish(channel: string, message: string): number {
    const told = [...this.#listeners].flatMap((listener) =>
      listener.channels
        .filter((one) => isMeant(listener, one, channel))
        .map((one) => [listener, one] as const),
    );
    void Promise.resolve().then(() => {
      for (const [listener] of told) {
        if (this.#listeners.has(listener)) listener.onMessage(message, channel);
      }
    });
    return new Set(told.map(([{ isPattern }, one]) => `${isPattern ? 'p' : 'c'} ${one}`)).size;
  }

  /** Answers `PUBSUB`. */
  about([what = '', ...args]: readonly string[]): Reply {
    const names = this.#namesOf(false);
    switch (what.toLowerCase()) {
      case 'channels':
        return names.filter((name) => args[0] === undefined || matches(args[0], name));
      case 'numsub':
        return args.flatMap((name) => [name, names.includes(name) ? 1 : 0]);
      case 'numpat':
        return this.#namesOf(true).length;
      default:
        throw new ReplyError(
          `ERR Unknown PUBSUB subcommand or wrong number of arguments for '${what}'`,
        );
    }
  }

  #namesOf(isPattern: boolean): string[] {
    const of = [...this.#listeners].filter((one) => one.isPattern === isPattern);
    return [...new Set(of.flatMap(({ channels }) => channels))];
  }
}

function isMeant({ isPattern }: ChannelListener, one: string, channel: string): boolean {
  return isPattern ? matches(one, channel) : one === channel;
}

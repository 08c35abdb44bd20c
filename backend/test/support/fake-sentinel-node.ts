import type { NodeAddress } from '../../src/redis/base/address/index.js';
import {
  FakeRedisServer,
  fakeSentinel,
  muteHandler,
  reply,
  type FakeAnswer,
  type FakeReply,
  type FakeSentinelStory,
} from '../../src/redis/testing/index.js';

const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';

/** Another Sentinel, as a fake one lists it. */
export interface ListedSentinel {
  readonly address: NodeAddress;
  readonly id: string;
}

/** A fake Sentinel with an id of its own. Its report and its behaviour may change at any time. */
export class FakeSentinelNode {
  story: FakeSentinelStory;
  others: readonly ListedSentinel[] = [];
  manners: 'polite' | 'strict' | 'mute' | 'garbage' | 'half' = 'polite';
  /** Answers in place of the report. */
  override: (command: readonly string[]) => FakeAnswer = () => undefined;
  /** How often it was asked for our group. */
  asked = 0;

  private constructor(
    readonly server: FakeRedisServer,
    readonly id: string,
    story: FakeSentinelStory,
  ) {
    this.story = story;
    const tell = fakeSentinel(() => this.story);
    server.handle((command, connection) => {
      if (this.manners === 'mute') return muteHandler(command, connection);
      const [name = '', subcommand = ''] = command.map((word) => word.toLowerCase());
      if (name === 'auth' && this.manners === 'strict') return reply.error(WRONGPASS);
      if (name !== 'sentinel') return this.override(command);
      if (subcommand === 'master') this.asked++;
      if (this.manners === 'garbage') return reply.array('what', reply.nil(), reply.int(7));
      if (this.manners === 'half') return reply.rawThenClose('*2\r\n$4\r\nhal');
      const overridden = this.override(command);
      if (overridden !== undefined) return overridden;
      if (subcommand === 'myid') return reply.bulk(this.id);
      if (subcommand === 'sentinels') return reply.array(...this.others.map(listed));
      return tell(command, connection);
    });
  }

  static async start(id: string, story: FakeSentinelStory): Promise<FakeSentinelNode> {
    return new FakeSentinelNode(await FakeRedisServer.start(), id, story);
  }

  get address(): NodeAddress {
    return this.server.address;
  }
  get asListed(): ListedSentinel {
    return { address: this.address, id: this.id };
  }
  publish(channel: string, message: string): number {
    return this.server.publish(channel, message);
  }
  stop(): Promise<void> {
    return this.server.stop();
  }
}

function listed({ address, id }: ListedSentinel): FakeReply {
  const { host, port } = address;
  return reply.map({ name: id, ip: host, port: String(port), runid: id, flags: 'sentinel' });
}

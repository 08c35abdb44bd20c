import type { NodeAddress } from '../../base/address/index.js';
import { type FakeHandler } from './fake-redis-server.js';
import { reply, type FakeReply } from './fake-replies.js';

/** What a fake Sentinel reports. It need not be true. */
export interface FakeSentinelStory {
  /** @defaultValue 'mymaster' */
  readonly masterName?: string;
  readonly primary: NodeAddress;
  /** The config-epoch that it reports. @defaultValue 0 */
  readonly epoch?: number;
  /** @defaultValue [] */
  readonly replicas?: readonly NodeAddress[];
  /** @defaultValue [] */
  readonly otherSentinels?: readonly NodeAddress[];
  /** @defaultValue 'master' */
  readonly flags?: string;
}

/**
 * Returns a handler that replies like a Sentinel with this view. Pass a function to change the view between replies.
 */
export function fakeSentinel(story: FakeSentinelStory | (() => FakeSentinelStory)): FakeHandler {
  return (command) => {
    const [name = '', subcommand = '', group] = command;
    if (name.toUpperCase() === 'ROLE') return reply.array('sentinel', reply.array());
    if (name.toUpperCase() !== 'SENTINEL') return undefined;
    const told = typeof story === 'function' ? story() : story;
    return answer(subcommand.toUpperCase(), group, told);
  };
}

/** A handler that replies to nothing, like a Sentinel that accepts connections and is stuck. */
export const muteHandler: FakeHandler = () => reply.silence();

type Answer = (story: FakeSentinelStory, masterName: string) => FakeReply;

const CKQUORUM = 'OK 3 usable Sentinels. Quorum and failover authorization can be reached';

const ANSWERS: Readonly<Record<string, Answer>> = {
  MASTER: primaryFields,
  'GET-MASTER-ADDR-BY-NAME': ({ primary }) => reply.array(primary.host, String(primary.port)),
  REPLICAS: replicaList,
  SLAVES: replicaList,
  SENTINELS: (story) => reply.array(...(story.otherSentinels ?? []).map(sentinelFields)),
  CKQUORUM: () => reply.simple(CKQUORUM),
};

function answer(
  subcommand: string,
  group: string | undefined,
  story: FakeSentinelStory,
): FakeReply {
  const masterName = story.masterName ?? 'mymaster';
  if (subcommand === 'MYID') return reply.bulk('f'.repeat(40));
  if (subcommand === 'MASTERS') return reply.array(primaryFields(story, masterName));
  const give = ANSWERS[subcommand];
  if (give === undefined) return reply.error(`ERR Unknown sentinel subcommand '${subcommand}'`);
  if (group === masterName) return give(story, masterName);
  return subcommand === 'GET-MASTER-ADDR-BY-NAME' ? noAddress() : noSuchGroup();
}

function noSuchGroup(): FakeReply {
  return reply.error('ERR No such master with that name');
}

function noAddress(): FakeReply {
  return reply.raw('*-1\r\n');
}

function primaryFields(story: FakeSentinelStory, masterName: string): FakeReply {
  return reply.map({
    name: masterName,
    ip: story.primary.host,
    port: String(story.primary.port),
    runid: 'a'.repeat(40),
    flags: story.flags ?? 'master',
    'config-epoch': String(story.epoch ?? 0),
    'num-slaves': String(story.replicas?.length ?? 0),
    'num-other-sentinels': String(story.otherSentinels?.length ?? 0),
    quorum: '2',
  });
}

function replicaList(story: FakeSentinelStory): FakeReply {
  return reply.array(...(story.replicas ?? []).map((node) => replicaFields(node, story)));
}

function replicaFields(node: NodeAddress, story: FakeSentinelStory): FakeReply {
  return reply.map({
    ...addressFields(node),
    flags: 'slave',
    'master-link-status': 'ok',
    'master-host': story.primary.host,
    'master-port': String(story.primary.port),
    'slave-priority': '100',
  });
}

function sentinelFields(node: NodeAddress): FakeReply {
  return reply.map({ ...addressFields(node), flags: 'sentinel' });
}

function addressFields(node: NodeAddress): { name: string; ip: string; port: string } {
  const { host, port } = node;
  return { name: `${host}:${String(port)}`, ip: host, port: String(port) };
}

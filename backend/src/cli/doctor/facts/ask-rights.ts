import type { ReachOptions } from '../../reach/index.js';
import type { Reached } from '../../reach/index.js';
import type { MissingRight, Whose } from '../picture.js';

interface NeededRight extends Omit<MissingRight, 'rule'> {
  /** The command with arguments that `ACL DRYRUN` takes for it. */
  readonly words: readonly string[];
  /** @defaultValue the first word with a plus, and the subcommand */
  readonly rule?: string;
}

const needed = (words: string, lost: string, more: Partial<NeededRight> = {}): NeededRight => ({
  words: words.split(' '),
  lost,
  isSpareable: true,
  ...more,
});

const ESSENTIAL = { isSpareable: false };

/** What the user of the nodes needs besides its own commands: the table of `docs/connections.md`. */
function rightsAtNodes({ node }: ReachOptions): NeededRight[] {
  const channel = `${node.keyPrefix}doctor~changed${node.db === 0 ? '' : `@${String(node.db)}`}`;
  return [
    needed('role', 'nothing works', ESSENTIAL),
    needed('ping', 'subscriptions are cut again and again', ESSENTIAL),
    needed('get key', 'caches and sessions cannot be read', ESSENTIAL),
    needed('info', 'replicas of another cluster are not told apart'),
    needed('time', 'caches and sessions go by the calendar of each host'),
    needed('client id', 'blocking commands are cut', { rule: '+client|id' }),
    needed('client unblock 0', 'blocking commands are cut', { rule: '+client|unblock' }),
    needed('client setname a', 'no names in CLIENT LIST', { rule: '+client|setname' }),
    needed('client tracking off', 'near copies are late', { rule: '+client|tracking' }),
    needed(`publish ${channel} a`, 'near copies of others are late', {
      rule: '+publish &*~changed',
    }),
    needed(`subscribe ${channel}`, 'no near copies', { rule: '+subscribe &*~changed' }),
    needed('mget key', 'each key is read by itself'),
    ...(node.db === 0
      ? []
      : [needed(`select ${String(node.db)}`, 'no connection is used', ESSENTIAL)]),
  ];
}

/** What the user of the Sentinels needs. */
function rightsAtSentinels(masterName: string): NeededRight[] {
  const sentinel = (words: string, lost: string, more: Partial<NeededRight> = {}): NeededRight => {
    const [name = ''] = words.split(' ');
    return needed(`sentinel ${words}`, lost, { rule: `+sentinel|${name}`, ...more });
  };
  return [
    needed('ping', 'its connection is cut again and again', ESSENTIAL),
    needed('subscribe +switch-master', 'failovers are noticed late', ESSENTIAL),
    sentinel(`get-master-addr-by-name ${masterName}`, 'no primary is found', ESSENTIAL),
    sentinel(`master ${masterName}`, 'no primary is found', ESSENTIAL),
    sentinel(`replicas ${masterName}`, 'no replica is found'),
    sentinel(`sentinels ${masterName}`, 'no further Sentinel is found'),
    sentinel('myid', 'a Sentinel with two addresses counts twice'),
  ];
}

/**
 * What the user of a Sentinel needs at a node. It promotes, and makes a node follow, in one transaction: a command of it that
 * is refused undoes the others.
 */
export function rightsOfSentinels(): NeededRight[] {
  const inOneGo = { ...ESSENTIAL, lost: 'nobody is promoted' };
  return [
    needed('ping', 'the node is called down', ESSENTIAL),
    needed('info', 'no replica is known, and none is promoted', ESSENTIAL),
    needed('subscribe __sentinel__:hello', 'no other Sentinel is found', {
      ...ESSENTIAL,
      rule: '+subscribe &__sentinel__:hello',
    }),
    needed('publish __sentinel__:hello a', 'the others do not find it', {
      ...ESSENTIAL,
      rule: '+publish &__sentinel__:hello',
    }),
    needed('multi', '', inOneGo),
    needed('slaveof no one', '', inOneGo),
    needed('config rewrite', '', { ...inOneGo, rule: '+config|rewrite' }),
    needed('client kill type normal', '', { ...inOneGo, rule: '+client|kill' }),
    needed('exec', '', inOneGo),
  ];
}

/** As whom Sentinels are logged in at a node; none where that may not be asked. */
export async function usersOfSentinels(node: Reached): Promise<string[]> {
  const answer = await node.tryAsk('client', 'list');
  const clients = answer.ok ? String(answer.value).split('\n') : [];
  const users = clients
    .filter((client) => / name=sentinel-[0-9a-f]+-cmd /.test(client))
    .flatMap((client) => / user=(\S+)/.exec(client)?.[1] ?? []);
  return [...new Set(users)];
}

/** Everything that the user needs at a server. */
export function neededRights(options: ReachOptions, whose: Whose): NeededRight[] {
  if (whose === 'node') return rightsAtNodes(options);
  return options.mode === 'sentinel' ? rightsAtSentinels(options.sentinel.masterName) : [];
}

/** Asks which of them a user lacks; `null` where nobody may ask that, or the server is too old. Nothing is executed. */
export async function missingRights(
  server: Reached,
  user: string,
  rights: readonly NeededRight[],
): Promise<MissingRight[] | null> {
  const answers = await Promise.all(
    rights.map(({ words }) => server.tryAsk('acl', 'dryrun', user, ...words)),
  );
  if (answers.some((answer) => !answer.ok && !/wrong number/i.test(answer.reason))) return null;
  return rights.flatMap(({ words, rule, lost, isSpareable }, at) => {
    const answer = answers[at];
    const said = answer?.ok === true ? String(answer.value) : 'OK';
    // Which keys it may have is its own affair.
    const isMissing = said !== 'OK' && !said.endsWith(' key');
    return isMissing ? [{ rule: rule ?? `+${words[0] ?? ''}`, lost, isSpareable }] : [];
  });
}

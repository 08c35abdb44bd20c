import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { CliError } from '../frame/index.js';
import {
  isReached,
  reach,
  type Reached,
  type ReachOptions,
  type Survey,
  SURVEY_DEADLINE_MS,
} from '../reach/index.js';
import { Member, type Side } from './member.js';

/** The servers of a cluster, all of them connected. */
export interface Members {
  /** Those that have the user. */
  readonly members: readonly Member[];
  readonly sentinels: readonly Member[];
  readonly masterName: string | null;
  readonly close: () => void;
}

// The users that deploy/redis/make-secrets.sh makes, on nodes and Sentinels.
const SHIPPED = ['app', 'sentinel', 'node', 'exporter', 'operator'];

/**
 * Connects to every server: a password that one of them does not learn locks somebody out later.
 *
 * @throws {@link CliError} where one does not answer, has no such user, or has users that come from files
 */
export async function openMembers(
  redis: ReachOptions,
  seen: Survey,
  { side, user }: { readonly side: Side; readonly user: string },
): Promise<Members> {
  const opened: Reached[] = [];
  const close = (): void => {
    for (const server of opened) server.close();
  };
  const open = async (of: Side): Promise<Reached[]> => {
    const servers: Reached[] = [];
    for (const address of addressesOf(seen, of)) {
      const server = await reach({
        address,
        access: of === 'nodes' || redis.mode !== 'sentinel' ? redis.node : redis.sentinel,
        whose: of === 'nodes' ? 'node' : 'sentinel',
        deadlineMs: SURVEY_DEADLINE_MS,
      });
      if (!isReached(server)) throw missing(formatAddress(address), server.reason);
      opened.push(server);
      servers.push(server);
    }
    return servers;
  };
  try {
    const nodes = await open('nodes');
    const sentinels = await open('sentinels');
    const asked = side === 'nodes' ? nodes : sentinels;
    if (asked.length === 0) {
      throw new CliError(`there are no ${side}`, 'Say where the Sentinels are: --sentinels');
    }
    await refuseShipped(asked, user);
    const members: Member[] = [];
    for (const server of asked) members.push(await Member.of(server, side, user));
    const others = sentinels.map((server) => Member.plain(server, 'sentinels'));
    const ofSentinels = side === 'sentinels' ? members : others;
    return { members, sentinels: ofSentinels, masterName: seen.masterName, close };
  } catch (error) {
    close();
    throw error;
  }
}

function addressesOf({ nodes, sentinels }: Survey, side: Side): NodeAddress[] {
  return (side === 'nodes' ? nodes : sentinels).map((one) => {
    if (one.fault !== null) throw missing(formatAddress(one.address), one.fault);
    return one.address;
  });
}

function missing(name: string, reason: string): CliError {
  return new CliError(
    `${name} cannot be asked (${reason}), and a rotation needs every server`,
    'Bring it back, or remove it from the cluster, first',
  );
}

async function refuseShipped(servers: readonly Reached[], user: string): Promise<void> {
  const [first] = servers;
  const said = await first?.tryAsk('acl', 'users');
  const users = said?.ok === true && Array.isArray(said.value) ? said.value.map(String) : [];
  if (!SHIPPED.every((one) => users.includes(one))) return;
  throw new CliError(
    'these users come from files of make-secrets.sh, which would not change',
    `Rotate with: sh deploy/redis/rotate.sh password ${user}`,
  );
}

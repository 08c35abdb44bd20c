import { formatAddress, sameAddress, type NodeAddress } from '../../base/address/index.js';
import {
  describeUnseen,
  isBlind,
  type ReplicaView,
  type SentinelView,
  type UnseenRole,
  unseenRoles,
} from '../topology/index.js';

/** Something for which the Sentinels cannot move the primary now, or would undo it. */
export interface Obstacle {
  readonly kind:
    'no-sentinel' | 'failover-under-way' | 'sentinels-disagree' | 'role-unseen' | 'none-promotable';
  /** What was seen, with the Sentinel that says so. */
  readonly seen: string;
  readonly remedy: string;
  /** Whether it ends within seconds by itself, and leaves the primary where it is. */
  readonly isPassing: boolean;
}

/**
 * Returns what keeps these Sentinels from moving the primary; empty where nothing does.
 *
 * @param to - the only replica that may be promoted; `null`: Sentinel chooses
 */
export function obstaclesIn(views: readonly SentinelView[], to: NodeAddress | null): Obstacle[] {
  if (views.length === 0) return [NO_SENTINEL];
  return [
    ...failoversUnderWay(views),
    ...disagreements(views),
    ...rolesUnseen(views),
    ...nonePromotable(views, to),
  ];
}

const NO_SENTINEL: Obstacle = {
  kind: 'no-sentinel',
  seen: 'no Sentinel answers',
  remedy: 'See why: docs/operations/troubleshooting.md',
  isPassing: false,
};

// The new primary takes writes before Sentinel has seen to the other replicas, about a second. Until then
// it refuses another failover, and its list of replicas is the old one.
function failoversUnderWay(views: readonly SentinelView[]): Obstacle[] {
  return views
    .filter(({ isFailoverInProgress }) => isFailoverInProgress)
    .map(({ sentinel }) => ({
      kind: 'failover-under-way',
      seen: `${formatAddress(sentinel)} leads a failover`,
      remedy: 'Wait until it has ended, and see who is the primary then',
      isPassing: false,
    }));
}

// One that was not told of the last failover would take the next one for a mistake, and has the smaller epoch.
function disagreements(views: readonly SentinelView[]): Obstacle[] {
  const [newest] = [...views].sort((a, b) => b.epoch - a.epoch);
  if (newest === undefined) return [];
  const right = formatAddress(newest.primary);
  return views
    .filter(({ primary }) => !sameAddress(primary, newest.primary))
    .map(({ sentinel, primary, epoch }) => ({
      kind: 'sentinels-disagree',
      seen: `${formatAddress(sentinel)} names ${formatAddress(primary)} as the primary, epoch ${String(epoch)}; the newest epoch, ${String(newest.epoch)}, says ${right}`,
      remedy: 'Mend the network between them: docs/operations/troubleshooting.md#split-brain',
      isPassing: false,
    }));
}

function rolesUnseen(views: readonly SentinelView[]): Obstacle[] {
  return unseenRoles(views).map((unseen) => ({
    kind: 'role-unseen',
    seen: describeUnseen(unseen),
    remedy: remedyOf(unseen),
    isPassing: !isBlind(unseen),
  }));
}

function remedyOf(unseen: UnseenRole): string {
  if (isBlind(unseen)) return 'See why it does not ask that node for its INFO: doctor, role-unseen';
  return unseen.isKnown
    ? 'Wait until it has looked again: it would undo the promotion of that node'
    : 'Wait until it has looked again: it could not promote that node';
}

// For about a second after a switch no Sentinel lists one, because each asks the nodes anew who they are. It would
// refuse the failover while the writes are paused already.
function nonePromotable(views: readonly SentinelView[], to: NodeAddress | null): Obstacle[] {
  if (views.some((view) => wouldPromote(view, to))) return [];
  return [
    {
      kind: 'none-promotable',
      seen: `no Sentinel lists a replica that it may promote (${listed(views, to)})`,
      remedy: 'See that a replica is linked, and that its replica-priority is not 0',
      isPassing: false,
    },
  ];
}

/** Returns whether this Sentinel lists a replica that it would promote: a healthy one, whose priority is not 0. */
export function wouldPromote({ replicas }: SentinelView, to: NodeAddress | null): boolean {
  return replicas.some(
    (replica) => isWanted(replica, to) && replica.isHealthy && !!replica.priority,
  );
}

function isWanted({ address }: ReplicaView, to: NodeAddress | null): boolean {
  return to === null || sameAddress(address, to);
}

function listed(views: readonly SentinelView[], to: NodeAddress | null): string {
  const each = views.map(({ sentinel, replicas }) => {
    const wanted = replicas.filter((replica) => isWanted(replica, to));
    return `${formatAddress(sentinel)} lists ${wanted.map(describe).join(', ') || 'none'}`;
  });
  return each.join('; ');
}

function describe({ address, isHealthy, priority }: ReplicaView): string {
  const health = isHealthy ? '' : ' as not linked to the primary or down,';
  return `${formatAddress(address)}${health} with priority ${String(priority)}`;
}

import { formatAddress, sameAddress } from '../../redis/base/address/index.js';
import type { SentinelView } from '../../redis/cluster/topology/index.js';
import type { Survey, SurveyedNode, SurveyedSentinel } from '../reach/index.js';
import type { Check } from './check.js';
import { isGoodReplica } from './good-replica.js';

/** What a Sentinel in TILT is told of. */
export const TILT = 'in TILT: its clock jumped or it stood still, and it begins nothing for 30 s';

/** Whether a Sentinel has stopped acting for a while; not known, and so `false`, where it may not be asked. */
export function isTilted({ info }: Pick<SurveyedSentinel, 'info'>): boolean {
  return info.get('sentinel_tilt') === '1';
}

/** Whether a Sentinel calls the primary down, which works. It would lead a failover by what it does not see. */
export function isBlindToPrimary({ view }: SurveyedSentinel, { primary }: Survey): boolean {
  return (
    view !== null &&
    primary?.fault === null &&
    primary.role?.kind === 'primary' &&
    view.isPrimaryDown &&
    sameAddress(view.primary, primary.announced)
  );
}

/**
 * Compares what each Sentinel sees with what is seen from here: it promotes nobody, and makes nobody follow, whom it does
 * not reach. A wrong password of one Sentinel, or its network, looks like that, and nothing else shows it before the
 * primary is lost. One check for each Sentinel that sees less.
 */
export function judgeSight(survey: Survey): Check[] {
  return survey.sentinels.flatMap((sentinel): Check[] => {
    const { address, view } = sentinel;
    if (view === null) return [];
    const primary = isBlindToPrimary(sentinel, survey)
      ? [`it calls the primary ${formatAddress(view.primary)} down, which answers`]
      : [];
    const replicas = survey.nodes
      .filter((node) => isGoodReplica(node, survey) && isDownIn(view, node))
      .map(
        ({ announced }) => `it calls the replica ${formatAddress(announced)} down, which is linked`,
      );
    const figure = [...primary, ...replicas].join('; ');
    const what = `sight of ${formatAddress(address)}`;
    return figure === '' ? [] : [{ level: 'WARN', what, figure, threshold: 'as seen from here' }];
  });
}

function isDownIn({ replicas }: SentinelView, { announced }: SurveyedNode): boolean {
  return replicas.some(({ address, isDown }) => isDown && sameAddress(address, announced));
}

/** Whether every Sentinel that lists a node calls it down: none of them would promote it. */
export function isDownForAll({ sentinels }: Survey, node: SurveyedNode): boolean {
  const listing = sentinels.flatMap(({ view }) =>
    view?.replicas.some(({ address }) => sameAddress(address, node.announced)) ? [view] : [],
  );
  return listing.length > 0 && listing.every((view) => isDownIn(view, node));
}

import { formatAddress, sameAddress } from '../../redis/base/address/index.js';
import { mostNamed, type Survey } from '../reach/index.js';
import { found, type Finding } from './doctor-finding.js';
import { seeing, seenAt, type SeeingSentinel } from './picture.js';

/** A cluster that was asked for, and Sentinels that answer to its name and are of another one. */
interface Parts {
  readonly own: Survey;
  readonly strangers: readonly SeeingSentinel[];
}

/**
 * Takes Sentinels out that know none of the others, and watch nodes that none of the others know: they are of another
 * cluster with the same name, and what they name would be taken for a fault of this one.
 */
export function ownPart(survey: Survey): Parts {
  const circles = circlesOf(seeing(survey));
  // What somebody listed is meant; of what was listed, the most.
  const [main = []] = [...circles].sort((a, b) => listed(b) - listed(a) || b.length - a.length);
  const strangers = circles.filter((circle) => circle !== main && !isOurs(circle, main)).flat();
  if (strangers.length === 0) return { own: survey, strangers };
  const sentinels = survey.sentinels.filter((one) => !strangers.some((other) => other === one));
  const named = main.flatMap(({ view }) => [
    view.primary,
    ...view.replicas.map(({ address }) => address),
  ]);
  const nodes = survey.nodes.filter(({ announced }) =>
    named.some((address) => sameAddress(address, announced)),
  );
  const first = mostNamed(main);
  const primary = nodes.find(({ announced }) => first !== null && sameAddress(announced, first));
  return { own: { ...survey, sentinels, nodes, primary: primary ?? null }, strangers };
}

/** Tells of them. */
export function judgeStrangers(strangers: readonly SeeingSentinel[]): Finding[] {
  const configured = strangers.filter(({ isConfigured }) => isConfigured);
  return found(
    'sentinel-elsewhere',
    seenAt(configured.length > 0 ? configured : strangers, ({ view }) => {
      const known = view.otherSentinels.length;
      return `it names ${formatAddress(view.primary)}, and knows ${String(known)} Sentinels, none of ours`;
    }),
    'Take it out of REDIS_SENTINELS; give one of the two clusters another name, and each Sentinel its own myid',
  );
}

function listed(circle: readonly SeeingSentinel[]): number {
  return circle.filter(({ isConfigured }) => isConfigured).length;
}

/** Sentinels that know each other, or name one primary. */
function circlesOf(sentinels: readonly SeeingSentinel[]): SeeingSentinel[][] {
  let circles: SeeingSentinel[][] = [];
  for (const one of sentinels) {
    const near = circles.filter((circle) => circle.some((other) => areNear(one, other)));
    circles = [...circles.filter((circle) => !near.includes(circle)), [one, ...near.flat()]];
  }
  return circles;
}

function areNear(one: SeeingSentinel, other: SeeingSentinel): boolean {
  const knows = (a: SeeingSentinel, b: SeeingSentinel): boolean =>
    a.view.otherSentinels.some(({ id }) => id !== '' && id === b.view.id);
  return (
    knows(one, other) || knows(other, one) || sameAddress(one.view.primary, other.view.primary)
  );
}

/** Whether a circle watches a node of the others: then they were parted, and are no strangers. */
function isOurs(circle: readonly SeeingSentinel[], main: readonly SeeingSentinel[]): boolean {
  const ours = main.flatMap(({ view }) => [
    view.primary,
    ...view.replicas.map(({ address }) => address),
  ]);
  return circle.some(({ view }) => ours.some((address) => sameAddress(address, view.primary)));
}

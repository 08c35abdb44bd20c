import { saysQuorum } from '../reach/index.js';
import type { Picture } from './picture.js';

/** Something that could not be looked at, and how it can. */
export interface Unseen {
  readonly what: string;
  readonly how: string;
}

/** What was not looked at: no finding does not mean that it is well. */
export function unseenIn({ survey, rights, states, keepsSessions }: Picture): Unseen[] {
  const { sentinels, nodes } = survey;
  const checks: (Unseen | false)[] = [
    nodes.some(({ fault, config }) => fault === null && config.size === 0) && {
      what: 'settings of nodes, and what follows from them',
      how: 'ask as a user with +config|get',
    },
    nodes.some(({ fault, info }) => fault === null && info.size === 0) && {
      what: 'memory, links and versions of nodes',
      how: 'ask as a user with +info',
    },
    rights.some(({ missing }) => missing === null) && {
      what: 'the rights of the user',
      how: 'ask as a user with +acl|dryrun (Redis 7), and name the one of the application: --rights-of app',
    },
    sentinels.some((one) => saysQuorum(one) === null) && {
      what: 'whether the Sentinels can decide',
      how: 'ask as a user of the Sentinels with +sentinel|ckquorum',
    },
    sentinels.length > 0 &&
      states.length === 0 && {
        what: 'whether Sentinels can write their state',
        how: '--sentinel-state lets each write it once more, to its own file',
      },
    !keepsSessions && {
      what: 'what is evicted of sessions',
      how: '--sessions, if they are kept here',
    },
  ];
  return checks.filter((check) => check !== false);
}

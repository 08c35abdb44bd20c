import { atDeadline, endsWithin, waitFor, type Clock } from '../../../base/timing/index.js';
import { MIN_SENTINELS, type ResolvedSentinelOptions } from '../../../config/index.js';
import { ConfiguredSentinels, type LookUp } from './configured-sentinels.js';
import { SentinelLink } from './sentinel-link.js';
import { withTlsName } from './sentinel-links.js';
import type { NodeAddress } from '../../../base/address/index.js';

/** How many Sentinels a short list stands for. */
export interface SentinelCount {
  readonly count: number;
  /** Whether some name leads to several addresses. */
  readonly areNamesShared: boolean;
  /** Whether each name has an address, so that those who are not there are not many. */
  readonly isComplete: boolean;
  /** Whether one of them has answered, and so told of the others. */
  readonly hasAnswered: boolean;
}

/** A Sentinel that starts together with this process answers within this time. */
export const COUNT_WITHIN_MS = 2000;

/**
 * Finds out how many Sentinels a short list stands for: looks up its names, and asks those that are found for the
 * others that they know, unless those are not used (`sentinel.discover`). Stops as soon as there are enough.
 */
export async function countSentinels(
  options: ResolvedSentinelOptions,
  clock: Clock,
  lookUp?: LookUp,
): Promise<SentinelCount> {
  const settings = { ...options.sentinel, resolveNames: true };
  const listed = new ConfiguredSentinels(settings, lookUp);
  const until = clock.now() + COUNT_WITHIN_MS;
  await endsWithin(listed.lookUp(), atDeadline(clock, COUNT_WITHIN_MS));
  const { addresses } = listed;
  const known = {
    areNamesShared: addresses.length > settings.nodes.length,
    isComplete: listed.openNames === 0 && addresses.every((one) => listed.nameOf(one) !== one.host),
  };
  if (addresses.length >= MIN_SENTINELS || !settings.discover) {
    return { ...known, count: addresses.length, hasAnswered: false };
  }
  const links = addresses.map((one) => withTlsName(options, listed.nameOf(one)));
  const told = await askForOthers(addresses, links, clock, until);
  return {
    ...known,
    count: Math.max(settings.nodes.length, addresses.length, told ?? 0),
    hasAnswered: told !== null,
  };
}

/** The highest number that one of them tells, itself included; `null` when none answers in time. */
async function askForOthers(
  addresses: readonly NodeAddress[],
  options: readonly ResolvedSentinelOptions[],
  clock: Clock,
  until: number,
): Promise<number | null> {
  let most: number | null = null;
  const silent = new Set(addresses);
  const links: SentinelLink[] = [];
  const nothing = (): void => undefined;
  await waitFor<null>(
    ({ give }) => {
      const onView = (others: number, from: SentinelLink): void => {
        most = Math.max(most ?? 0, 1 + others);
        silent.delete(from.address);
        if (most >= MIN_SENTINELS || silent.size === 0) give(null);
      };
      for (const [index, address] of addresses.entries()) {
        const own = options[index];
        if (own === undefined) continue;
        const link = new SentinelLink(address, own, clock, {
          onView: ({ otherSentinels }, from) => {
            onView(otherSentinels.length, from);
          },
          onMessage: nothing,
          onConnected: nothing,
          onLost: nothing,
          onUnnamed: nothing,
        });
        links.push(link);
        link.open();
      }
      return nothing;
    },
    atDeadline(clock, Math.max(0, until - clock.now())),
  ).catch(nothing);
  for (const link of links) link.close();
  return most;
}

import { SystemClock, type Clock } from '../base/timing/index.js';
import { COUNT_WITHIN_MS, countSentinels } from '../cluster/topology/index.js';
import { MIN_SENTINELS, type Resolution } from '../config/index.js';

type LookUp = Parameters<typeof countSentinels>[2];

/**
 * Decides what to do with a list of fewer than three Sentinels: their names are looked up, and they are asked for
 * others, before they are called too few. Other options are returned as they are.
 *
 * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when there are too few and that is refused.
 */
export async function settleSentinels(
  resolution: Resolution,
  clock: Clock = new SystemClock(),
  lookUp?: LookUp,
): Promise<Resolution> {
  const { shortList } = resolution;
  if (shortList === null) return resolution;
  const found = await countSentinels(shortList.options, clock, lookUp);
  const { count, areNamesShared, isComplete, hasAnswered } = found;
  if (count >= MIN_SENTINELS) return shortList.enough(areNamesShared);
  const isUnknown = !isComplete && !hasAnswered;
  // A name without an address may stand for all of them in a moment. Meanwhile nothing is written anywhere.
  if (isUnknown && shortList.mayWait) return shortList.enough(true);
  const detail = hasAnswered
    ? 'they know of no others'
    : `names were looked up, and none has answered within ${String(COUNT_WITHIN_MS)} ms`;
  return shortList.tooFew({ count, detail: shortList.options.sentinel.discover ? detail : null });
}

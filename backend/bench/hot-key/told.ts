import { createHash } from 'node:crypto';
import { HOT_PRODUCT } from './rush.js';

/** What an instance says of the product that all want. */
export interface HotKeysSeen {
  /** It is the first of the ten keys, and hot. */
  readonly isFirstAndHot: boolean;
  readonly isSpared: boolean;
}

interface Answer {
  readonly hot_keys?: {
    readonly top: readonly {
      readonly key: string;
      readonly hot_since: string | null;
      readonly is_spared: boolean;
    }[];
  };
}

const WITHIN_MS = 900;
// As health shows it: whoever knows the key can find it, and nobody else.
const SHOWN = `#${createHash('sha256')
  .update(`product:${String(HOT_PRODUCT)}`)
  .digest('hex')
  .slice(0, 12)}`;
const NOTHING: HotKeysSeen = { isFirstAndHot: false, isSpared: false };

/** Asks an instance for its hot keys, as an operator does. */
export async function askHotKeys(port: number): Promise<HotKeysSeen> {
  try {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/api/health/redis/metrics`, {
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    const { hot_keys: hotKeys } = (await answer.json()) as Answer;
    const [first] = hotKeys?.top ?? [];
    if (first?.key !== SHOWN) {
      const known = hotKeys?.top.find(({ key }) => key === SHOWN);
      return { ...NOTHING, isSpared: known?.is_spared === true };
    }
    return { isFirstAndHot: first.hot_since !== null, isSpared: first.is_spared };
  } catch {
    return NOTHING;
  }
}

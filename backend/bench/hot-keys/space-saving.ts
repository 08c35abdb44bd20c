import { mostOf, type Contender } from './contenders.js';

/** A key in the place of the one that had been seen least. */
interface Place {
  key: string;
  count: number;
  /** What it took over with the place: it was seen so many times less than `count`, at most. */
  error: number;
  at: number;
}

/** Space-Saving: so many places; a key that has none takes that of the least frequent one, with its count. */
export function newSpaceSaving(size: number): Contender {
  const places: Place[] = [];
  const byKey = new Map<string, Place>();
  const put = (place: Place, at: number): void => {
    place.at = at;
    places[at] = place;
  };
  const sink = (place: Place): void => {
    for (;;) {
      const left = places[2 * place.at + 1];
      const right = places[2 * place.at + 2];
      const lesser =
        right !== undefined && left !== undefined && right.count < left.count ? right : left;
      if (lesser === undefined || lesser.count >= place.count) return;
      const down = lesser.at;
      put(lesser, place.at);
      put(place, down);
    }
  };
  const begin = (key: string): void => {
    const place = { key, count: 1, error: 0, at: places.length };
    byKey.set(key, place);
    places.push(place);
    // One is the lowest count there is, until counts have faded.
    for (let up = (place.at - 1) >> 1; place.at > 0; up = (place.at - 1) >> 1) {
      const above = places[up];
      if (above === undefined || above.count <= place.count) return;
      put(above, place.at);
      put(place, up);
    }
  };
  return {
    add(key) {
      const known = byKey.get(key);
      if (known !== undefined) {
        known.count++;
        sink(known);
        return;
      }
      const [least] = places;
      if (least === undefined || places.length < size) {
        begin(key);
        return;
      }
      byKey.delete(least.key);
      least.key = key;
      least.error = least.count++;
      byKey.set(key, least);
      sink(least);
    },
    fade(factor) {
      for (const place of places) {
        place.count *= factor;
        place.error *= factor;
      }
    },
    // What it has for sure: otherwise each key of a long tail seems to be frequent.
    top: (number) =>
      mostOf(
        places.map(({ key, count, error }) => ({ key, count: count - error })),
        number,
      ),
  };
}

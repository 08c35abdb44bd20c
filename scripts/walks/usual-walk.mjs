// @ts-check
// From what ran in several calls of the same kind to what such a call usually does.

/**
 * A function that ran, and how often.
 * @typedef {object} Visit
 * @property {string} file below the folder of the library
 * @property {string} name empty when it has none
 * @property {number} line of the built file
 * @property {number} offset where it begins in the built file
 * @property {number} calls
 */

/**
 * The functions that ran in more than half of the walks, each with the median of its calls, by file and place.
 * @param {readonly (readonly Visit[])[]} walks
 * @returns {Visit[]}
 */
export function usualWalk(walks) {
  /** @type {Map<string, Visit[]>} */
  const byPlace = new Map();
  for (const visit of walks.flat()) {
    const place = `${visit.file}:${visit.offset}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), visit]);
  }
  return [...byPlace.values()]
    .flatMap((visits) => {
      const calls = medianOf(visits, walks.length);
      const [first] = visits;
      return first === undefined || calls === 0 ? [] : [{ ...first, calls }];
    })
    .sort((a, b) => (a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1));
}

/**
 * The lower median of the calls; a walk without a visit counts as none.
 * @param {readonly Visit[]} visits
 * @param {number} walks
 */
function medianOf(visits, walks) {
  const calls = visits.map((visit) => visit.calls).sort((a, b) => a - b);
  const without = walks - visits.length;
  return calls[Math.floor((walks - 1) / 2) - without] ?? 0;
}

/**
 * @param {readonly Visit[]} visits
 */
export function summarise(visits) {
  return {
    functions: visits.length,
    calls: visits.reduce((sum, { calls }) => sum + calls, 0),
  };
}

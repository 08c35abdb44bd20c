/**
 * Returns so many of them by chance: different ones for a positive count, and at most all there are; for a
 * negative one exactly as many, some of them several times.
 */
export function pickOf<T>(all: readonly T[], count: number): T[] {
  if (all.length === 0) return [];
  if (count < 0) return Array.from({ length: -count }, () => all[chance(all.length)] as T);
  const left = [...all];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0)
    picked.push(...left.splice(chance(left.length), 1));
  return picked;
}

function chance(below: number): number {
  return Math.floor(Math.random() * below);
}

/** The items in their order, so many at a time. */
export function portionsOf<T>(items: readonly T[], size: number): (readonly T[])[] {
  const portions: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += size) portions.push(items.slice(at, at + size));
  return portions;
}

/** Does work for all items, so many at a time; the results are in their order. The first failure ends it. */
export async function inPortions<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const some of portionsOf(items, size)) results.push(...(await Promise.all(some.map(work))));
  return results;
}

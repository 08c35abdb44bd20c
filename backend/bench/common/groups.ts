/** The items by what `nameOf` calls their group, in the order in which each group is first seen. */
export function groupBy<T, N>(items: Iterable<T>, nameOf: (item: T) => N): Map<N, T[]> {
  const groups = new Map<N, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** How often each of these texts is there. */
export function countBy(texts: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

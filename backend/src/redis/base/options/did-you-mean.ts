/** What is known of an object that was given an unknown member. */
interface KnownNames {
  /** Path of the object, such as `node`; `''` at the top. */
  readonly path: string;
  /** The names it has. */
  readonly names: readonly string[];
  /** Names that users of other libraries write: the path of the option, or a sentence. */
  readonly foreign: Readonly<Record<string, string>>;
  /** Paths of all options that belong together, in other objects too. */
  readonly family: readonly string[];
}

/** What to do about a name that is not known: the option that was probably meant, if there is one. */
export function adviceFor(name: string, known: KnownNames): string {
  const foreign = Object.hasOwn(known.foreign, name) ? known.foreign[name] : undefined;
  if (foreign?.includes(' ') === true) return foreign;
  const meant = foreign ?? meantBy(name, known);
  return meant === undefined
    ? `Remove it; known here: ${known.names.join(', ')}`
    : `Did you mean ${meant}?`;
}

/** The same name in other case, the same name in another object, or the nearest one here. */
function meantBy(name: string, { path, names, family }: KnownNames): string | undefined {
  const nearest = nearestName(name, names);
  const sibling = nearest === undefined || path === '' ? nearest : `${path}.${nearest}`;
  if (nearest?.toLowerCase() === name.toLowerCase()) return sibling;
  const elsewhere = family.find((other) => {
    const at = other.lastIndexOf('.');
    const isHere = other.slice(0, Math.max(0, at)) === path;
    return !isHere && other.slice(at + 1).toLowerCase() === name.toLowerCase();
  });
  return elsewhere ?? sibling;
}

/** The candidate nearest to a mistyped name, or `undefined` when none is near enough to suggest. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 4));
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity))
      best = { candidate, distance };
  }
  return best?.candidate;
}

/** How many letters must be inserted, removed or replaced to turn one text into the other. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = at(previous, column - 1) + (one[row - 1] === other[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, other.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}

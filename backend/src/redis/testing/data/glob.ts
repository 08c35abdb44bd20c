const known = new Map<string, RegExp>();
const MAX_KNOWN = 500;

/** Returns whether a text matches a pattern of Redis: `*`, `?`, `[a-c]`, `[^x]` and `\` before a sign. */
export function matches(pattern: string, text: string): boolean {
  let expression = known.get(pattern);
  if (expression === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(pattern, (expression = expressionOf(pattern)));
  }
  return expression.test(text);
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\[((?:\\.|[^\]])*)\]?|[\s\S]/g, (part, escaped, inside) => {
    if (typeof escaped === 'string') return literal(escaped);
    if (typeof inside === 'string') return classOf(inside);
    if (part === '*') return '[\\s\\S]*';
    return part === '?' ? '[\\s\\S]' : literal(part);
  });
  return new RegExp(`^${source}$`);
}

function classOf(inside: string): string {
  const isNot = inside.startsWith('^');
  const signs = (isNot ? inside.slice(1) : inside).replace(
    /\\([\s\S])|([\s\S])-([\s\S])|[\s\S]/g,
    (part, escaped, from, to) => {
      if (typeof escaped === 'string') return literal(escaped);
      if (typeof from !== 'string' || typeof to !== 'string') return literal(part);
      const [low, high] = from < to ? [from, to] : [to, from];
      return `${literal(low)}-${literal(high)}`;
    },
  );
  if (signs === '') return isNot ? '[\\s\\S]' : '(?!)';
  return `[${isNot ? '^' : ''}${signs}]`;
}

function literal(sign: string): string {
  return `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

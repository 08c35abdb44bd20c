/** A piece of Lua: a name or keyword, a number, a text, or a sign. */
export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
}

/** What follows the last token. */
export const END: Token = { kind: 'end', text: '' };

const SPACE = /\s+|--\[\[[\s\S]*?\]\]|--[^\n]*/y;
const PARTS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['name', /[A-Za-z_]\w*/y],
  ['number', /0x[\da-fA-F]+|\d+(\.\d+)?/y],
  ['text', /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y],
  ['sign', /\.\.\.|\.\.|==|~=|<=|>=|[-+*/%#<>=(){}[\],;:.]/y],
];
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Takes Lua apart. Throws where it finds what it does not know. */
export function tokensOf(lua: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(lua)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  while (at < lua.length) {
    if (take(SPACE) !== null) continue;
    const token = nextOf(take);
    if (token === null) throw new SyntaxError(`unknown Lua: ${lua.slice(at, at + 40)}`);
    tokens.push(token);
  }
  return [...tokens, END];
}

function nextOf(take: (pattern: RegExp) => string | null): Token | null {
  for (const [kind, pattern] of PARTS) {
    const text = take(pattern);
    if (text !== null) return { kind, text: kind === 'text' ? unescaped(text) : text };
  }
  return null;
}

function unescaped(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(\d{1,3}|.)/gs, (_, sign: string) => {
    return /\d/.test(sign) ? String.fromCharCode(Number(sign)) : (ESCAPES[sign] ?? sign);
  });
}

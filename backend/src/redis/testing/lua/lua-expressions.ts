import { END, type Token } from './lua-tokens.js';

/** JavaScript for a piece of Lua. `isMany` when it may have several values: then it is an array of them. */
export interface Piece {
  readonly js: string;
  readonly isMany?: boolean;
  readonly isBoolean?: boolean;
}

const COMPARED: readonly string[] = ['<', '>', '<=', '>=', '==', '~='];
const LEVELS: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  COMPARED,
  ['..'],
  ['+', '-'],
  ['*', '/', '%'],
];
const COMPARISONS: Readonly<Record<string, string>> = { '==': '===', '~=': '!==' };
/** Functions with several values. */
const MANY = new Set(['unpack', 'string.byte']);
const LITERALS: Readonly<Record<string, string>> = {
  nil: 'undefined',
  true: 'true',
  false: 'false',
};
export const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

/** Reads the tokens of a script, one after the other, and knows which names are local where. */
export class Reader {
  readonly #tokens: readonly Token[];
  readonly #scopes: Map<string, string>[] = [new Map<string, string>()];
  #at = 0;
  #names = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  is(text: string): boolean {
    return this.token.kind !== 'text' && this.token.kind !== 'end' && this.token.text === text;
  }

  next(): Token {
    const { token } = this;
    this.#at++;
    return token;
  }

  accept(text: string): boolean {
    const isThere = this.is(text);
    if (isThere) this.#at++;
    return isThere;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new SyntaxError(`${text} and not ${this.token.text}`);
  }

  name(): string {
    const { kind, text } = this.next();
    if (kind !== 'name' || KEYWORDS.has(text)) throw new SyntaxError(`a name and not ${text}`);
    return text;
  }

  /** Names of a block are known until its end. */
  inScope<T>(work: () => T): T {
    this.#scopes.push(new Map());
    try {
      return work();
    } finally {
      this.#scopes.pop();
    }
  }

  declare(name: string): string {
    const unique = `${name}_${String(++this.#names)}`;
    this.#scopes.at(-1)?.set(name, unique);
    return unique;
  }

  find(name: string): string | null {
    for (const scope of this.#scopes.toReversed()) {
      const known = scope.get(name);
      if (known !== undefined) return known;
    }
    return null;
  }
}

/** Expressions of Lua, as far as scripts here use them. */
export class Expressions {
  readonly #reader: Reader;
  readonly #bodyOf: () => string;
  /** Functions of the script with several values. */
  readonly #many = new Set<string>();

  /** @param bodyOf - reads the parameters and the body of a function */
  constructor(reader: Reader, bodyOf: () => string) {
    this.#reader = reader;
    this.#bodyOf = bodyOf;
  }

  /** The function of this name has several values. */
  haveMany(name: string): void {
    this.#many.add(name);
  }

  /** A condition, as JavaScript understands conditions. */
  condition(): string {
    return truthOf(this.one());
  }

  /** One expression. */
  one(level = 0): Piece {
    const signs = LEVELS[level];
    if (signs === undefined) return this.#unary();
    let left = this.one(level + 1);
    for (;;) {
      const sign = signs.find((one) => this.#reader.is(one));
      if (sign === undefined) return left;
      this.#reader.next();
      // `..` binds to the right, which makes no difference for texts.
      left = joined(sign, left, this.one(level + 1));
    }
  }

  /** Expressions with commas between them, as the inside of an array. */
  list(end: string | null = null): { readonly pieces: readonly Piece[]; readonly js: string } {
    const pieces: Piece[] = [];
    if (end === null || !this.#reader.is(end)) {
      do {
        if (end !== null && this.#reader.is(end)) break;
        pieces.push(this.one());
      } while (this.#reader.accept(','));
    }
    const last = pieces.length - 1;
    const js = pieces.map((piece, i) =>
      i === last && piece.isMany === true ? `...${piece.js}` : single(piece),
    );
    return { pieces, js: js.join(', ') };
  }

  /** Something that may be called, indexed, or assigned to. */
  suffixed(): Piece {
    let piece = this.#primary();
    for (;;) {
      if (this.#reader.accept('[')) {
        piece = { js: `lib.at(${single(piece)}, ${single(this.one())})` };
        this.#reader.expect(']');
      } else if (this.#reader.accept('.')) piece = this.#field(piece, this.#reader.name());
      else if (this.#reader.accept('(')) piece = this.#call(piece);
      else return piece;
    }
  }

  #field(of: Piece, name: string): Piece {
    const isLibrary = /^lib\.\w+$/.test(of.js);
    return { js: isLibrary ? `${of.js}.${name}` : `lib.at(${single(of)}, '${name}')` };
  }

  #call(piece: Piece): Piece {
    const { js, pieces } = this.list(')');
    this.#reader.expect(')');
    const isOfOneByte = piece.js === 'lib.string.byte' && pieces.length <= 2;
    if (isOfOneByte) return { js: `lib.byteAt(${js})` };
    const isMany = this.#many.has(piece.js) || MANY.has(piece.js.replace('lib.', ''));
    return { js: `${piece.js}(${js})`, isMany };
  }

  #unary(): Piece {
    if (this.#reader.accept('not')) {
      return { js: `!${inParens(truthOf(this.#unary()))}`, isBoolean: true };
    }
    if (this.#reader.accept('#')) return { js: `${single(this.#unary())}.length` };
    if (this.#reader.accept('-')) return { js: `(-${single(this.#unary())})` };
    return this.#simple();
  }

  #simple(): Piece {
    const { kind, text } = this.#reader.token;
    const literal = kind === 'name' ? LITERALS[text] : undefined;
    const js = kind === 'number' ? text : kind === 'text' ? quoted(text) : literal;
    if (js !== undefined) {
      this.#reader.next();
      return { js };
    }
    if (this.#reader.accept('{')) {
      const list = this.list('}');
      this.#reader.expect('}');
      return { js: `[${list.js}]` };
    }
    if (this.#reader.accept('function')) return { js: `(${this.#bodyOf()})` };
    return this.suffixed();
  }

  #primary(): Piece {
    if (this.#reader.accept('(')) {
      const inner = single(this.one());
      this.#reader.expect(')');
      return { js: `(${inner})` };
    }
    const name = this.#reader.name();
    return { js: this.#reader.find(name) ?? `lib.${name}` };
  }
}

/** The first of its values. */
export function single({ js, isMany = false }: Piece): string {
  return isMany ? `${js}[0]` : js;
}

function joined(sign: string, left: Piece, right: Piece): Piece {
  const [a, b] = [single(left), single(right)];
  if (sign === 'and') return { js: `lib.and(${a}, () => ${b})` };
  if (sign === 'or') return { js: `lib.or(${a}, () => ${b})` };
  if (sign === '..') return { js: `(lib.text(${a}) + lib.text(${b}))` };
  if (sign === '%') return { js: `lib.rest(${a}, ${b})` };
  if (sign === '+') return { js: `(Number(${a}) + Number(${b}))` };
  const isBoolean = COMPARED.includes(sign);
  return { js: `(${a} ${COMPARISONS[sign] ?? sign} ${b})`, isBoolean };
}

function truthOf(piece: Piece): string {
  return piece.isBoolean === true ? piece.js : `lib.isTrue(${single(piece)})`;
}

function inParens(js: string): string {
  return `(${js})`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

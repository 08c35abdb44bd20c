import { compileFunction } from 'node:vm';
import type { LuaLibrary } from './lua-library.js';
import { Expressions, Reader, single } from './lua-expressions.js';
import { tokensOf } from './lua-tokens.js';

/** A script that can be run: its keys and arguments are binary texts. */
export type CompiledScript = (lib: LuaLibrary) => unknown;

/**
 * Makes JavaScript of a Lua script, as far as the scripts of this library use Lua. A script that uses more is
 * refused, so that none is run in another way than Redis runs it.
 */
export function compileLua(lua: string): CompiledScript {
  const reader = new Reader(tokensOf(lua));
  const js = new Statements(reader).block();
  if (reader.token.kind !== 'end') throw new SyntaxError(`the end and not ${reader.token.text}`);
  return compileFunction(`'use strict';\n${js}`, ['lib']) as CompiledScript;
}

const BLOCK_ENDS = ['end', 'else', 'elseif', 'until'];

/** Statements of Lua. */
class Statements {
  readonly #reader: Reader;
  readonly #expressions: Expressions;
  /** How many returns with several values were read. */
  #manyReturns = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#expressions = new Expressions(reader, () => this.#functionBody());
  }

  block(): string {
    return this.#reader.inScope(() => this.#statements());
  }

  #statements(): string {
    const lines: string[] = [];
    while (!this.#isAtEnd()) {
      if (this.#reader.accept(';')) continue;
      lines.push(this.#statement());
    }
    return lines.join('\n');
  }

  #isAtEnd(): boolean {
    return this.#reader.token.kind === 'end' || BLOCK_ENDS.some((word) => this.#reader.is(word));
  }

  #statement(): string {
    const starts: Readonly<Record<string, () => string>> = {
      local: () => this.#local(),
      if: () => this.#if(),
      for: () => this.#for(),
      while: () => this.#while(),
      return: () => this.#return(),
      break: () => 'break;',
    };
    const { kind, text } = this.#reader.token;
    const start = kind === 'name' ? starts[text] : undefined;
    if (start === undefined) return this.#assignmentOrCall();
    this.#reader.next();
    return start();
  }

  #local(): string {
    if (this.#reader.accept('function')) {
      const name = this.#reader.declare(this.#reader.name());
      const before = this.#manyReturns;
      const body = this.#functionBody();
      if (this.#manyReturns > before) this.#expressions.haveMany(name);
      return `const ${name} = ${body};`;
    }
    const names = this.#names();
    if (!this.#reader.accept('=')) return `let ${this.#declareAll(names).join(', ')};`;
    // What is assigned does not know the new names yet.
    const { js, pieces } = this.#expressions.list();
    const declared = this.#declareAll(names);
    if (pieces.length === names.length && pieces.at(-1)?.isMany !== true) {
      return `let ${pieces.map((piece, i) => `${declared[i] ?? ''} = ${single(piece)}`).join(', ')};`;
    }
    return `let [${declared.join(', ')}] = [${js}];`;
  }

  #names(): string[] {
    const names = [this.#reader.name()];
    while (this.#reader.accept(',')) names.push(this.#reader.name());
    return names;
  }

  #declareAll(names: readonly string[]): string[] {
    return names.map((name) => this.#reader.declare(name));
  }

  #functionBody(): string {
    return this.#reader.inScope(() => {
      this.#reader.expect('(');
      const names = this.#reader.is(')') ? [] : this.#declareAll(this.#names());
      this.#reader.expect(')');
      const body = this.#untilEnd();
      return `(${names.join(', ')}) => {\n${body}\n}`;
    });
  }

  #untilEnd(): string {
    const body = this.block();
    this.#reader.expect('end');
    return body;
  }

  #if(): string {
    const condition = this.#expressions.condition();
    this.#reader.expect('then');
    const head = `if (${condition}) {\n${this.block()}\n}`;
    if (this.#reader.accept('elseif')) return `${head} else ${this.#if()}`;
    if (this.#reader.accept('else')) return `${head} else {\n${this.#untilEnd()}\n}`;
    this.#reader.expect('end');
    return head;
  }

  #while(): string {
    const condition = this.#expressions.condition();
    this.#reader.expect('do');
    return `while (${condition}) {\n${this.#untilEnd()}\n}`;
  }

  #for(): string {
    const names = this.#names();
    const [name = ''] = names;
    if (this.#reader.accept('=')) return this.#countingFor(name);
    this.#reader.expect('in');
    const list = single(this.#expressions.one());
    return this.#reader.inScope(() => {
      const declared = this.#declareAll(names);
      this.#reader.expect('do');
      return `for (let [${declared.join(', ')}] of ${list}) {\n${this.#untilEnd()}\n}`;
    });
  }

  #countingFor(name: string): string {
    const { pieces } = this.#expressions.list();
    const [from = '', to = '', step] = pieces.map(single);
    return this.#reader.inScope(() => {
      const i = this.#reader.declare(name);
      this.#reader.expect('do');
      const isDown = step?.startsWith('(-') === true;
      const head = `let ${i} = ${from}; ${i} ${isDown ? '>=' : '<='} ${to}; ${i} += ${step ?? '1'}`;
      return `for (${head}) {\n${this.#untilEnd()}\n}`;
    });
  }

  #return(): string {
    if (this.#isAtEnd()) return 'return undefined;';
    const { pieces, js } = this.#expressions.list();
    const [first] = pieces;
    if (pieces.length === 1 && first !== undefined) return `return ${single(first)};`;
    this.#manyReturns++;
    return `return [${js}];`;
  }

  #assignmentOrCall(): string {
    const target = this.#expressions.suffixed().js;
    const targets = [target];
    while (this.#reader.accept(',')) targets.push(this.#expressions.suffixed().js);
    if (!this.#reader.accept('=')) return `${targets.join(', ')};`;
    const { js } = this.#expressions.list();
    if (targets.length > 1) return `[${targets.join(', ')}] = [${js}];`;
    // lib.at(table, index) is a place, too.
    if (target.startsWith('lib.at(')) return `lib.put(${target.slice(7, -1)}, ${js});`;
    return `${target} = ${js};`;
  }
}

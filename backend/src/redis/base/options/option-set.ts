import { InvalidArgumentError } from '../errors/index.js';
import { adviceFor } from './did-you-mean.js';
import { Findings } from './findings.js';
import type { AnyRow, Resolved, Rows } from './rows.js';
import { converted, rule, type AnyRule, type Rule } from './rules.js';
import { HIDDEN } from './show-safely.js';

/** An object as it was received: nothing about it is trusted. */
export type Given = Readonly<Record<string, unknown>>;

/** Two options of which one must be smaller than the other, or equal to it where `orEqual` is set. */
interface Order<R extends Rows> {
  readonly low: keyof R & string;
  readonly high: keyof R & string;
  readonly orEqual?: boolean;
}

/** What describes an options object besides its rows. */
interface Setting<R extends Rows> {
  /** What stands in front of the names of its options, such as `node`; `''` for nothing. */
  readonly path: string;
  /** An example, shown when something else than an object was given. */
  readonly example?: string;
  readonly ordered?: readonly Order<R>[];
  /** Names that users of other libraries write: the path of the option, or a sentence. */
  readonly foreign?: Readonly<Record<string, string>>;
  /** Paths of all options that belong together, in other objects too. */
  readonly family?: () => readonly string[];
}

const AWAIT_IT = 'Await it first, or give it to a module by forRootAsync({ useFactory: () => … })';

/** Returns whether it is an object with named members, not a list or `null`. */
export function isGiven(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The options that one object takes: checks it, completes it, and says what is wrong with it. */
export class OptionSet<R extends Rows> {
  readonly rows: R;
  /** The defaults, frozen. */
  readonly defaults: Resolved<R>;
  readonly #setting: Setting<R>;
  readonly #byName: ReadonlyMap<string, AnyRow>;
  readonly #required: readonly string[];
  /** Whether some value has parts that `accepts` alone does not see. */
  readonly #hasParts: boolean;

  constructor(rows: R, setting: Setting<R>) {
    const all = Object.entries<AnyRow>(rows);
    this.rows = rows;
    this.#setting = setting;
    this.#byName = new Map(all);
    this.#hasParts = all.some(([, row]) => row.rule.convert !== null);
    this.#required = all.filter(([, row]) => row.byDefault === undefined).map(([name]) => name);
    // Each default is of the type that its row says.
    this.defaults = Object.freeze(
      Object.fromEntries(all.map(([name, { byDefault }]) => [name, byDefault])),
    ) as Resolved<R>;
  }

  /** What to do when something else than an object was given. */
  get remedy(): string {
    const { example } = this.#setting;
    return example === undefined
      ? `Give ${this.#name} an object with some of ${[...this.#byName.keys()].join(', ')}, or leave it out`
      : `Write ${example}`;
  }

  /** The rows with their paths. */
  get paths(): readonly (readonly [string, AnyRow])[] {
    return [...this.#byName].map(([name, row]) => [this.#pathOf(name), row] as const);
  }

  /**
   * Returns the options that can be used, with those of `base` for the others. Reports what cannot be used.
   */
  read(given: unknown, findings: Findings, base: Resolved<R> = this.defaults): Resolved<R> {
    const complete: Record<string, unknown> = { ...base };
    const members = this.#membersOf(given, findings);
    if (members === null) return base;
    for (const name of Object.keys(members)) {
      // The value of a mistyped name may be a secret: `pasword`.
      if (!this.#byName.has(name))
        findings.refuse(this.#pathOf(name), HIDDEN, 'is not an option', this.#adviceFor(name));
    }
    for (const [name, row] of this.#byName) {
      const value = readOption(row, members[name], this.#pathOf(name), findings);
      if (value !== undefined) complete[name] = value;
    }
    this.#reportDisorder(complete, findings);
    // Every member was checked by the rule of its row, which is what its type says.
    return complete as Resolved<R>;
  }

  /**
   * Returns the options of a configuration, with those of `base` for what is not given; frozen.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) that lists every problem at once.
   */
  resolve(given: unknown, base: Resolved<R> = this.defaults): Resolved<R> {
    const findings = new Findings();
    const options = this.read(given, findings, base);
    findings.throwProblems();
    return Object.freeze(options);
  }

  /**
   * Checks what is passed to a call. Allocates nothing when all is well: it runs at each request.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
   */
  check(given: unknown): void {
    if (this.#hasParts || !this.#isFit(given)) this.#readCall(given, this.defaults);
  }

  /**
   * Returns the options of a call, with those of `base` for what is not given.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
   */
  over<B extends Resolved<R>>(given: unknown, base: B): B {
    if (!this.#isFit(given)) return { ...base, ...this.#readCall(given, base) };
    const complete: Record<string, unknown> = { ...base };
    const isFine = this.#fill(complete, given);
    // Each was accepted by the rule of its row, which is what its type says.
    if (isFine && this.#isOrdered(complete)) return complete as B;
    return { ...base, ...this.#readCall(given, base) };
  }

  /** Returns whether every part of what is given can be used. */
  #fill(complete: Record<string, unknown>, given: Given): boolean {
    let findings: Findings | null = null;
    for (const name in given) {
      const value = given[name];
      if (value === undefined) continue;
      const convert = this.#byName.get(name)?.rule.convert ?? null;
      if (convert === null) complete[name] = value;
      else {
        findings ??= new Findings();
        complete[name] = convert(value as never, this.#pathOf(name), findings);
      }
    }
    return findings === null || findings.problems.length === 0;
  }

  /** A quick check without reasons; where it fails, {@link OptionSet.read} decides and says why. */
  #isFit(given: unknown): given is Given {
    if (!isGiven(given)) return false;
    for (const name in given) {
      const row = this.#byName.get(name);
      const value = given[name];
      if (row === undefined || (value !== undefined && !row.rule.accepts(value))) return false;
    }
    for (const name of this.#required) if (given[name] === undefined) return false;
    return true;
  }

  #readCall(given: unknown, base: Resolved<R>): Resolved<R> {
    const findings = new Findings();
    const options = this.read(given, findings, base);
    const [problem] = findings.problems;
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    return options;
  }

  #membersOf(given: unknown, findings: Findings): Given | null {
    if (given === undefined && this.#required.length === 0) return {};
    if (given instanceof Promise) {
      // It has no members of its own, so it would pass for options that leave everything out.
      findings.refuse(this.#name, '(a promise)', 'must be an object', AWAIT_IT);
      return null;
    }
    if (isGiven(given)) return given;
    // Whatever stands here instead of an object may be a URL with its password: only its kind is shown.
    findings.refuse(this.#name, kindOf(given), 'must be an object', this.remedy);
    return null;
  }

  #reportDisorder(values: Given, findings: Findings): void {
    for (const order of this.#setting.ordered ?? []) {
      const [low, high] = [this.#pathOf(order.low), this.#pathOf(order.high)];
      // Where one was refused its default stands in, and comparing with that would mislead.
      if (findings.isRefused(low) || findings.isRefused(high) || isInOrder(order, values)) continue;
      const relation = order.orEqual === true ? 'must not be greater than' : 'must be smaller than';
      findings.refuse(
        low,
        values[order.low],
        `${relation} ${findings.name(high)}, which is ${String(values[order.high])}`,
        `Lower ${findings.name(low)} or raise ${findings.name(high)}`,
      );
    }
  }

  #isOrdered(values: Given): boolean {
    return this.#setting.ordered?.every((order) => isInOrder(order, values)) ?? true;
  }

  #adviceFor(name: string): string {
    const { path, foreign = {}, family } = this.#setting;
    return adviceFor(name, {
      path,
      names: [...this.#byName.keys()],
      foreign,
      family: family?.() ?? [],
    });
  }

  get #name(): string {
    return this.#setting.path === '' ? 'options' : this.#setting.path;
  }

  #pathOf(name: string): string {
    const { path } = this.#setting;
    return path === '' ? name : `${path}.${name}`;
  }
}

/** An option that is an object with options of its own. */
export function group<O extends object, R extends Rows>(set: OptionSet<R>): Rule<O, Resolved<R>> {
  const { remedy } = set;
  const anObject = rule<O>('an object', isGiven, { shows: 'kind', remedy });
  return converted(anObject, (given, _path, findings) => Object.freeze(set.read(given, findings)));
}

/** What an option becomes; `undefined` where its default stands, either because nothing was given or because it was refused. */
function readOption(row: AnyRow, value: unknown, path: string, findings: Findings): unknown {
  const { rule: own, byDefault } = row;
  if (value === undefined) {
    if (byDefault === undefined) findings.refuse(path, value, 'is missing', remedyFor(row, value));
    return undefined;
  }
  if (own.accepts(value)) {
    return own.convert === null ? value : own.convert(value as never, path, findings);
  }
  findings.refuse(path, shownBy(own, value), `must be ${own.expects}`, remedyFor(row, value));
  return undefined;
}

function shownBy({ shows }: AnyRule, value: unknown): unknown {
  if (shows === 'nothing') return HIDDEN;
  return shows === 'kind' ? kindOf(value) : value;
}

function kindOf(value: unknown): unknown {
  return typeof value === 'string' ? '(text)' : value;
}

function remedyFor({ rule: own, byDefault }: AnyRow, value: unknown): string {
  if (own.remedy !== null) return own.remedy;
  const read = typeof value === 'string' ? own.fromText(value) : undefined;
  if ((typeof read === 'number' || typeof read === 'boolean') && own.accepts(read)) {
    return `Write it without quotes: ${String(read)}`;
  }
  if (byDefault === undefined) return 'Give one';
  const isValue = byDefault !== null || own.accepts(null);
  return isValue
    ? `Correct it, or leave it out for the default, ${JSON.stringify(byDefault)}`
    : 'Correct it, or leave it out';
}

function isInOrder<R extends Rows>({ low, high, orEqual }: Order<R>, values: Given): boolean {
  const [lowValue, highValue] = [values[low], values[high]];
  // An option that is switched off is not compared.
  if (lowValue === null || highValue === null) return true;
  return Number(lowValue) < Number(highValue) || (orEqual === true && lowValue === highValue);
}

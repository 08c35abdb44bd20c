import { Findings, HIDDEN } from '../base/options/index.js';
import { usualVariable, type OptionRow } from './option-table.js';
import { readSecretFile } from './credentials.js';

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The form in which Kubernetes sets the port of a service named `redis`: it is not meant for this library. */
const SERVICE_LINK = /^(?:tcp|udp):\/\/\S+$/;

/**
 * The environment variables, where an empty one counts as not set. Remembers which variable each
 * option came from, so that whatever is found later is reported under that name.
 */
export class EnvValues {
  readonly findings: Findings;
  readonly #env: Environment;
  readonly #sources = new Map<string, string>();

  constructor(env: Environment) {
    this.#env = env;
    this.findings = new Findings((path) => this.#nameOf(path));
  }

  /** The text of a variable; `undefined` when it is absent, empty, or not ours. */
  get(variable: string): string | undefined {
    const raw = this.#env[variable];
    if (raw === undefined || raw.trim() === '') return undefined;
    return variable.endsWith('PORT') && SERVICE_LINK.test(raw) ? undefined : raw;
  }

  /** The names of all variables that are set. */
  names(): readonly string[] {
    return Object.keys(this.#env).filter((variable) => this.get(variable) !== undefined);
  }

  /** Returns whether Kubernetes has set a variable that would be read otherwise. */
  isServiceLink(variable: string): boolean {
    return this.get(variable) === undefined && SERVICE_LINK.test(this.#env[variable] ?? '');
  }

  /** Remembers that an option came from another variable than its usual one. */
  noteSource(path: string, variable: string): void {
    this.#sources.set(path, variable);
  }

  /**
   * The value that the variables of a row give; `undefined` when none is set or it cannot be read.
   * Variables that contradict each other are reported by name, since either may be the outdated one.
   */
  read(row: OptionRow): unknown {
    const set = row.env.filter((variable) => this.get(variable) !== undefined);
    this.#refuseBeside(row, set);
    const [first, ...others] = set.map((variable) => ({
      variable,
      value: this.#parse(row, variable),
    }));
    if (first === undefined) return undefined;
    this.noteSource(row.path, first.variable);
    for (const other of others) {
      if (normal(first.value) === normal(other.value) || isFile(row, other.variable)) continue;
      this.refuse(
        first.variable,
        row.rule.shows === 'nothing' ? undefined : this.get(first.variable),
        `says something else than ${other.variable}`,
        `Both set the same option: keep ${first.variable} or ${other.variable}`,
      );
    }
    return first.value;
  }

  /** Reports a problem under the name of a variable. */
  refuse(variable: string, value: unknown, message: string, remedy: string): void {
    this.findings.refuse(variable, value, message, remedy);
  }

  // A secret and the file of that secret: either may be the outdated one.
  #refuseBeside(row: OptionRow, set: readonly string[]): void {
    const file = set.find((variable) => isFile(row, variable));
    const other = set.find((variable) => variable !== file);
    if (file === undefined || other === undefined) return;
    const remedy = `Keep ${file} or ${other}, not both`;
    this.refuse(file, HIDDEN, `is given together with ${other}`, remedy);
  }

  #parse(row: OptionRow, variable: string): unknown {
    const raw = this.#textOf(row, variable);
    if (raw === undefined) return undefined;
    const value = row.rule.fromText(raw);
    if (value === undefined) {
      this.refuse(
        variable,
        row.rule.shows === 'nothing' ? HIDDEN : raw,
        `must be ${row.rule.expectsText ?? row.rule.expects}`,
        'Correct it, or unset it',
      );
    }
    return value;
  }

  #textOf(row: OptionRow, variable: string): string | undefined {
    const text = this.get(variable) ?? '';
    if (!isFile(row, variable)) return text;
    const read = readSecretFile(text.trim());
    if (read.ok) return read.text;
    this.refuse(variable, read.shown, read.reason, 'Name a readable file, not what is in it');
    return undefined;
  }

  /** `sentinel.nodes[1]` is `REDIS_SENTINELS[1]`, or the other variable of that option where it was used. */
  #nameOf(field: string): string {
    const [path = field, index] = field.split(/(?=\[)/);
    const known = path.startsWith('standaloneAddress') ? 'host' : path;
    return (this.#sources.get(known) ?? usualVariable(known)) + (index ?? '');
  }
}

// Where a rule shows nothing, a variable of this name holds no value, but the path of a file with it.
function isFile({ rule }: OptionRow, variable: string): boolean {
  return rule.shows === 'nothing' && variable.endsWith('_FILE');
}

function normal(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? [...(value as readonly string[])].sort() : value);
}

import { parseArgs } from 'node:util';

/** The options of a benchmark, `--name value`, with their defaults. Ends the process on an unknown one. */
export class Arguments {
  private readonly values: Readonly<Record<string, string | undefined>>;

  constructor(defaults: Readonly<Record<string, string>>) {
    const options = Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => [
        name,
        { type: 'string' as const, default: value },
      ]),
    );
    try {
      this.values = parseArgs({ options }).values;
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      process.exit(2);
    }
  }

  /** The text; empty when it was not given and has no default. */
  text(name: string): string {
    return this.values[name] ?? '';
  }

  /** A positive number. Ends the process when it is none. */
  number(name: string): number {
    const value = Number(this.text(name));
    if (Number.isFinite(value) && value > 0) return value;
    console.error(`--${name} must be a positive number, not '${this.text(name)}'.`);
    process.exit(2);
  }

  /** A list of names, all of them known. Ends the process on an unknown one; empty means all. */
  names<T extends string>(name: string, known: readonly T[]): T[] {
    const given = this.text(name).split(',').filter(Boolean);
    const unknown = given.filter((entry) => !known.some((other) => other === entry));
    if (unknown.length > 0) {
      console.error(`--${name}: unknown ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
      process.exit(2);
    }
    return known.filter((entry) => given.length === 0 || given.includes(entry));
  }
}

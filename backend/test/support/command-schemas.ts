import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJSONSchema, prettifyError, type ZodType } from 'zod';

const FOLDER = join(__dirname, '..', '..', '..', 'docs', 'schemas');
/** What every command writes where it could not do what it was asked. */
export const ERROR_SCHEMA = 'error';

/** A schema as it stands in its file. */
export type Schema = Parameters<typeof fromJSONSchema>[0];

const read = new Map<string, ZodType>();

/** Where the schema of a command lies. */
export function schemaPath(command: string): string {
  return join(FOLDER, `${command}.schema.json`);
}

/** The schema of a command, as it stands there; `null` where there is none. */
export function schemaOf(command: string): Schema | null {
  const path = schemaPath(command);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Schema) : null;
}

/** Says why a document of a command does not fit its schema; `null` where it does. */
export function misfitOf(
  command: string,
  document: Readonly<Record<string, unknown>>,
): string | null {
  const name = 'error' in document ? ERROR_SCHEMA : command;
  const result = validatorOf(name).safeParse(document);
  return result.success ? null : prettifyError(result.error);
}

function validatorOf(name: string): ZodType {
  const known = read.get(name);
  if (known !== undefined) return known;
  const schema = schemaOf(name);
  if (schema === null) throw new TypeError(`there is no docs/schemas/${name}.schema.json`);
  const validator = fromJSONSchema(schema);
  read.set(name, validator);
  return validator;
}

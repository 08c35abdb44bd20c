import { writeFileSync } from 'node:fs';
import { someText } from './arguments.js';

/** The option that says where {@link writeJson} writes to. */
export const JSON_FILE = someText('', 'write everything that was measured to it', 'FILE');

/** Three digits after the point are enough for anybody. */
function short(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

/** Writes everything that was measured to a file; does nothing when no file was named. */
export function writeJson(file: string, measured: unknown): void {
  if (file !== '') writeFileSync(file, `${JSON.stringify(measured, short, 1)}\n`);
}

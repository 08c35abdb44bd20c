import { readFileSync } from 'node:fs';
import { HIDDEN, isGiven } from '../base/options/index.js';

/** The text of a file that holds a secret, or why there is none. The reason and what may be shown of the path hold no secret. */
export type FileRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string; readonly shown: string };

/** Reads a file whose whole content is needed, such as a certificate. */
export function readFile(path: string): FileRead {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.trim() !== '') return { ok: true, text };
    return { ok: false, reason: 'names an empty file', shown: path };
  } catch (error) {
    // Only the code: the message repeats the path.
    const code = isGiven(error) ? String(error['code']) : 'unknown reason';
    // What names no file may be the secret itself, put into the wrong variable.
    const shown = code === 'EACCES' || code === 'EISDIR' ? path : HIDDEN;
    return { ok: false, reason: `names a file that cannot be read (${code})`, shown };
  }
}

/** Reads one secret. The line break with which editors and `echo` end a file is no part of it. */
export function readSecretFile(path: string): FileRead {
  const read = readFile(path);
  return read.ok ? { ok: true, text: read.text.replace(/\r?\n$/, '') } : read;
}

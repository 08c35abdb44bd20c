// Where things are in this repository.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** An absolute path of something in the repository. */
export const at = (...parts) => join(root, ...parts);

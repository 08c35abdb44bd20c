import { InvalidArgumentError } from '../errors/index.js';
import { showSafely } from './show-safely.js';

/**
 * Refuses an argument that is no function, before anything is done.
 * @throws InvalidArgumentError (`INVALID_ARGUMENT`) with what was given; `example` says how to write it.
 */
export function checkFunction(field: string, value: unknown, example: string): void {
  if (typeof value === 'function') return;
  throw new InvalidArgumentError({
    field,
    value: showSafely(value),
    message: 'must be a function',
    remedy: `For example: ${example}`,
  });
}

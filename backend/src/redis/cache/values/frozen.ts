/**
 * Freezes plain objects and lists, and what is in them. Other objects stay as they are: bytes cannot be frozen,
 * and dates and maps can be changed even then.
 */
export function frozen<T>(value: T): T {
  const open: unknown[] = [value];
  // A list of its own, because what comes from Redis may be nested deeper than the stack is.
  for (let one = open.pop(); one !== undefined || open.length > 0; one = open.pop()) {
    if (!canBeFrozen(one)) continue;
    Object.freeze(one);
    for (const member of Object.values(one)) {
      if (typeof member === 'object' && member !== null) open.push(member);
    }
  }
  return value;
}

function canBeFrozen(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

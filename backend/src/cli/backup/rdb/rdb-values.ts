import { BackupError } from '../backup-error.js';
import { damaged, type RdbBytes } from './rdb-bytes.js';

/** The type of a key whose value is a string. */
export const STRING_TYPE = 0;
/** The types of sorted sets, in the order in which Redis came to them. */
export const SORTED_SET_TYPES: readonly number[] = [3, 5, 12, 17];

type Skip = (bytes: RdbBytes) => void;

const string: Skip = (bytes) => {
  bytes.skipString();
};
const listOf =
  (perItem: number): Skip =>
  (bytes) => {
    bytes.skipStrings(bytes.size() * perItem);
  };

/** How the value of each type is read over, by its number. */
const VALUES: Readonly<Record<number, Skip>> = {
  [STRING_TYPE]: string,
  1: listOf(1),
  2: listOf(1),
  3: sortedSetOfTexts,
  4: listOf(2),
  5: sortedSetOfNumbers,
  7: skipModuleValue,
  9: string,
  10: string,
  11: string,
  12: string,
  13: string,
  14: listOf(1),
  15: stream(1),
  16: string,
  17: string,
  18: quickList,
  19: stream(2),
  20: string,
  21: stream(3),
  24: expiringHash,
  25: (bytes) => {
    bytes.take(8);
    bytes.skipString();
  },
};

/**
 * Reads over a value.
 * @throws {@link BackupError} `UNSUPPORTED` for a type that this program does not know.
 */
export function skipValue(type: number, bytes: RdbBytes): void {
  const skip = VALUES[type];
  if (skip !== undefined) {
    skip(bytes);
    return;
  }
  throw new BackupError(
    'UNSUPPORTED',
    `it holds a value of the type ${String(type)}, which this program does not know`,
    'Use a newer version of this program, or restore the snapshot as a file of the server that made it',
  );
}

function sortedSetOfTexts(bytes: RdbBytes): void {
  for (let left = bytes.size(); left > 0; left--) {
    bytes.skipString();
    const size = bytes.byte();
    // The three largest stand for what is no number.
    if (size < 253) bytes.take(size);
  }
}

function sortedSetOfNumbers(bytes: RdbBytes): void {
  for (let left = bytes.size(); left > 0; left--) {
    bytes.skipString();
    bytes.take(8);
  }
}

function quickList(bytes: RdbBytes): void {
  for (let left = bytes.size(); left > 0; left--) {
    bytes.size();
    bytes.skipString();
  }
}

function expiringHash(bytes: RdbBytes): void {
  bytes.take(8);
  for (let left = bytes.size(); left > 0; left--) {
    bytes.size();
    bytes.skipStrings(2);
  }
}

function stream(version: 1 | 2 | 3): Skip {
  return (bytes) => {
    bytes.skipStrings(bytes.size() * 2);
    sizes(bytes, version === 1 ? 3 : 8);
    for (let groups = bytes.size(); groups > 0; groups--) {
      bytes.skipString();
      sizes(bytes, version === 1 ? 2 : 3);
      for (let pending = bytes.size(); pending > 0; pending--) {
        bytes.take(24);
        bytes.size();
      }
      for (let consumers = bytes.size(); consumers > 0; consumers--) {
        bytes.skipString();
        bytes.take(version === 3 ? 16 : 8);
        bytes.take(bytes.size() * 16);
      }
    }
  };
}

function sizes(bytes: RdbBytes, count: number): void {
  for (let i = 0; i < count; i++) bytes.size();
}

/** Reads over what a module has stored. */
function skipModuleValue(bytes: RdbBytes): void {
  bytes.size();
  skipModuleParts(bytes);
}

/** Reads over the parts of what a module has stored: each says what it is, and the last one is nothing. */
export function skipModuleParts(bytes: RdbBytes): void {
  for (let part = bytes.size(); part !== 0; part = bytes.size()) {
    if (part === 1 || part === 2) bytes.size();
    else if (part === 3) bytes.take(4);
    else if (part === 4) bytes.take(8);
    else if (part === 5) bytes.skipString();
    else throw damaged('a module has stored a part that does not exist');
  }
}

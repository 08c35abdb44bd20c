// The members of health answers that tell of memory and of the journal, where a test knows no more than their shape.

const number = expect.any(Number) as number;

const CLASS = {
  entries: number,
  bytes: number,
  evictions: number,
  maxEntries: number,
  maxBytes: number,
};

/** `memory` of `GET /health`. */
export const MEMORY_HEALTH = {
  ...CLASS,
  classes: { sessions: CLASS, values: CLASS, ends: CLASS },
};

/** `journal` of `GET /health`, where nothing has happened and there is no `journal.dir`. */
export const JOURNAL_HEALTH = {
  entries: 0,
  maxEntries: number,
  bytes: 0,
  maxBytes: number,
  oldestMs: null,
  isFull: false,
  dropped: 0,
  expired: 0,
  rejected: 0,
  refused: 0,
  file: null,
};

const USAGE = {
  entries: number,
  max_entries: number,
  bytes: number,
  max_bytes: number,
  evictions: number,
};

/** `memory` of `GET /api/health/redis/metrics`. */
export const MEMORY_REPORT = { ...USAGE, sessions: USAGE, values: USAGE, ends: USAGE };

/** `journal` of `GET /api/health/redis/metrics`, where nothing has happened and there is no `journal.dir`. */
export const JOURNAL_REPORT = {
  entries: 0,
  max_entries: number,
  bytes: 0,
  max_bytes: number,
  oldest_ms: null,
  is_full: false,
  dropped: 0,
  expired: 0,
  rejected: 0,
  refused: 0,
  file: null,
};

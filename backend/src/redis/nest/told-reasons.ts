/** Why a warm-up begins. */
export const BEGUN_BECAUSE = {
  boot: 'the application has started',
  loss: 'Redis has lost its data',
  return: 'Redis was away for long',
  demand: 'the application asked for it',
} as const;

/** Why writes of the journal are lost. */
export const DROPPED_BECAUSE = {
  full: 'the journal was full',
  'too-old': 'they were older than journal.maxAgeMs',
  rejected: 'Redis refuses them for what they are',
  closed: 'the application was stopped, and there is no journal.dir',
} as const;

/** Why a file of a journal is left alone. */
export const SKIPPED_BECAUSE = {
  'other-redis': 'its writes are for another Redis, database or key prefix',
  'unknown-key': 'journal.keys has no key for some of its writes; start with that key too',
  unreadable: 'it is no file that this version can read',
} as const;

/** What to do about a hot key. */
export const HOT_ADVICE = {
  spared: 'Its reads are spared',
  reads: "With hotKeys.level 'on' its reads would be spared",
  writes:
    'Spread it over several keys, or gather what is counted with redis.counter(): no cache helps writes',
} as const;

/** Why counts are lost. */
export const LOST_BECAUSE = {
  uncertain: 'were sent when the connection broke: nobody knows whether Redis has counted them',
  refused: 'are lost: Redis refuses to add to this key',
  closed: 'are lost: Redis could not be told of them before the application ended',
} as const;

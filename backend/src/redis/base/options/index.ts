export { nearestName } from './did-you-mean.js';
export { Findings } from './findings.js';
export { keyRing, type KeySource } from './key-ring-rule.js';
export { group, isGiven, OptionSet, type Given } from './option-set.js';
export { checkFunction } from './needed-function.js';
export { option, required, type AnyRow, type Resolved, type RowsOf } from './rows.js';
export {
  aFunction,
  anything,
  bytes,
  choice,
  connectionName,
  converted,
  deadline,
  flag,
  host,
  keyBeginnings,
  lifetime,
  MAX_DELAY_MS,
  MAX_LIFE_MS,
  milliseconds,
  objectWith,
  orFalse,
  orNull,
  port,
  positive,
  readFlag,
  readList,
  readPairs,
  rule,
  secret,
  text,
  verbatim,
  wholeNumber,
  type Rule,
} from './rules.js';
export { HIDDEN, hideSecretsOf, mayHoldSecret, showSafely } from './show-safely.js';

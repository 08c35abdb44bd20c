export { ManualClock } from './manual-clock.js';
export { type NotYet, type WaitOptions, pause, waitUntil } from './wait-until.js';

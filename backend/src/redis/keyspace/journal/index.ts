export { NO_LOG } from './journal-log.js';
export { JournalReplay } from './journal-replay.js';
export { type KeptJournal, NOTHING_KEPT, openKeptJournal } from './kept-journal.js';
export { RecentWrites } from './recent-writes.js';
export { ReplayLoop } from './replay-loop.js';
export { type JournalRecord, WriteJournal } from './write-journal.js';

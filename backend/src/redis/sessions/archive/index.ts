export { ArchiveDesk } from './archive-desk.js';
export { Remembered } from './remembered.js';
export { type SessionArchive } from './session-archive.js';

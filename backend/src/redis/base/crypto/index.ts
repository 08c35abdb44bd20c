export { KEY_BYTES, KeyRing, type Opened } from './key-ring.js';

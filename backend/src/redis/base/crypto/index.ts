export { KEY_BYTES, keyIdOf, KeyRing, type Opened } from './key-ring.js';

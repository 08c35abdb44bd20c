export { type NearHearing, NearKeys, type NearKeysStats, type NearSource } from './near-keys.js';

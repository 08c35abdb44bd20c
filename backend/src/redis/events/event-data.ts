export type { NodeAddress } from '../config/index.js';
export type { Problem } from '../errors/index.js';

import { nearProcess } from '../../bench/near/near-process.js';
import { serveCalls } from './serve-calls.js';

serveCalls({ ready: () => true, ...nearProcess });

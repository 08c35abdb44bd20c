import { skewedProcess } from '../../bench/skew/skewed-process.js';
import { serveCalls } from './serve-calls.js';

serveCalls({ ready: () => true, ...skewedProcess });

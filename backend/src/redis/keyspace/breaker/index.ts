export { CircuitBreaker } from './circuit-breaker.js';
export { Degradation } from './degradation.js';
export { Away, Lane, type LaneCounts, isAnswer } from './guard.js';

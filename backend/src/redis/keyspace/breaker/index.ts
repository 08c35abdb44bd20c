export { CircuitBreaker } from './circuit-breaker.js';
export { Degradation } from './degradation.js';
export { Away, Guard, type GuardStats, isAnswer } from './guard.js';

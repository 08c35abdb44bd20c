export { SystemClock, type Clock, type Stop } from './clock.js';
export { afterInput } from './after-input.js';
export { Pulse } from './pulse.js';
export { systemRandom, type Random } from './random.js';

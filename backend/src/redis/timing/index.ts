export { SystemClock, type Clock, type Stop } from './clock.js';
export { Pulse } from './pulse.js';

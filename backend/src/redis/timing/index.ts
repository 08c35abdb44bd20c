export { SystemClock, type Clock, type Stop } from './clock.js';

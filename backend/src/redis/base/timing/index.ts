export { inBackground } from './background.js';
export {
  afterInput,
  afterPromises,
  systemRandom,
  SystemClock,
  type Clock,
  type Random,
  type Stop,
} from './clock.js';
export { holdUntil, untilTime } from './deadline.js';
export { onAbort } from './on-abort.js';
export { Pulse } from './pulse.js';
export { RedisCalendar } from './redis-calendar.js';
export { TimeSamples, type TimeAnswer, type TimeDistance } from './time-distance.js';
export {
  answerWithin,
  atDeadline,
  endsWithin,
  onSignal,
  waitFor,
  type Answer,
  type Limit,
} from './wait.js';

export {
  afterInput,
  systemRandom,
  SystemClock,
  type Clock,
  type Random,
  type Stop,
} from './clock.js';
export { Pulse } from './pulse.js';
export {
  answerWithin,
  atDeadline,
  atGraceEnd,
  endsWithin,
  onSignal,
  waitFor,
  type Answer,
} from './wait.js';

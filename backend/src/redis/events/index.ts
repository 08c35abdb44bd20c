export { EventBus } from './event-bus.js';
export type {
  FailoverReason,
  FailoverRecord,
  FailoverTimes,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
} from './redis-events.js';

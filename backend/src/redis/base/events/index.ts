export { EventBus } from './event-bus.js';
export type {
  BreakerLane,
  FailoverReason,
  FailoverRecord,
  FailoverTimes,
  ModeChange,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
  ReplayReport,
  ServiceModeName,
} from './redis-events.js';

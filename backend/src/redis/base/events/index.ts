export { callContained } from './call-contained.js';
export { EVENT_TYPES } from './event-types.js';
export { EventBus } from './event-bus.js';
export type {
  Direction,
  FailoverReason,
  FailoverRecord,
  FailoverTimes,
  LostCounts,
  ModeChange,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
  ReplayReport,
  ServiceModeName,
} from './redis-events.js';

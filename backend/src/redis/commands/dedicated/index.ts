export { BlockingCalls } from './blocking-calls.js';
export { RedisSession, withSession } from './exclusive-connection.js';
export { PrimaryLeases } from './primary-loans.js';
export { RawClients } from './raw-clients.js';
export {
  type MessageListener,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type Subscription,
  SubscriptionKeeper,
} from './subscription-keeper.js';

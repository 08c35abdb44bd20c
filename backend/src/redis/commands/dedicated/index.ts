export { BlockingCalls } from './blocking-calls.js';
export { ExclusiveConnection, withExclusive } from './exclusive-connection.js';
export { PrimaryLoans } from './primary-loans.js';
export { RawClients } from './raw-clients.js';
export {
  type MessageListener,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type Subscription,
  SubscriptionKeeper,
} from './subscription-keeper.js';

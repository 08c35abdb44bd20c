export { BoundedMap } from './bounded-map.js';
export { ByteGate } from './byte-gate.js';
export {
  type Evictable,
  EvictionQueue,
  Line,
  MAX_USES,
  type Queue,
  use,
} from './eviction-queue.js';
export { InflightList, type InflightItem } from './inflight.js';
export { InflightTable, type KeyedItem } from './inflight-table.js';
export { OpenTasks } from './open-tasks.js';
export { inPortions, portionsOf } from './portions.js';
export { SingleFlight } from './single-flight.js';

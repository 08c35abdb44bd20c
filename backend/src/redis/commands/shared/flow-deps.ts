import type { Clock } from '../../base/timing/index.js';
import type { CommandRecorder } from '../../base/stats/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type { Call } from './call.js';

/** What the ways of the reads and of the writes need. */
export interface FlowDeps {
  readonly tracker: TopologyTracker;
  readonly clock: Clock;
  readonly recorder: CommandRecorder;
  /** Ends a call for which the queue has no room. */
  readonly finishFull: (
    call: Call,
    queue: { readonly size: number; readonly bytes: number },
  ) => void;
  /** Ends a call whose deadline is too near for another attempt. */
  readonly finishLate: (call: Call) => void;
}

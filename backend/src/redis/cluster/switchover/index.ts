export {
  SWITCHOVER,
  switchover,
  type SwitchoverOptions,
  type SwitchoverReport,
  type SwitchoverTools,
} from './switchover.js';

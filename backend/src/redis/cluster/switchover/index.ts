export type { SwitchoverReport, SwitchoverTools } from './handover.js';
export { type Obstacle, obstaclesIn } from './obstacle.js';
export { SWITCHOVER, switchover, type SwitchoverOptions } from './switchover.js';

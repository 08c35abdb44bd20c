import type { Scenario } from './scenario.js';
import { SURROUNDINGS } from './scenarios-around.js';
import { ACCIDENTS, PLANS } from './scenarios-primary.js';

/** Every scenario, in the order in which they are run. */
export const SCENARIOS: readonly Scenario[] = [...ACCIDENTS, ...PLANS, ...SURROUNDINGS];

import type { Scenario } from './scenario.js';
import { SURROUNDINGS } from './scenarios-around.js';
import { LIES } from './scenarios-lies.js';
import { ACCIDENTS, PLANS } from './scenarios-primary.js';
import { REFUSALS } from './scenarios-refusals.js';
import { SLOWNESS } from './scenarios-slow.js';

/** Every scenario, in the order in which they are run. */
export const SCENARIOS: readonly Scenario[] = [
  ...ACCIDENTS,
  ...PLANS,
  ...SURROUNDINGS,
  ...REFUSALS,
  ...SLOWNESS,
  ...LIES,
];

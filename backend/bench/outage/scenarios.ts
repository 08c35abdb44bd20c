import type { RedisTestNode } from '../../src/redis/testing/index.js';

/** One way for Redis to be away. */
export interface OutageScenario {
  readonly title: string;
  readonly break: (node: RedisTestNode) => Promise<void>;
  /** Resolves when it answers again. */
  readonly repair: (node: RedisTestNode) => Promise<void>;
}

/** All of them. */
export const OUTAGES = {
  frozen: {
    title: 'Redis is frozen (SIGSTOP): connections stay open, nothing answers; then it goes on',
    break: (node) => node.freeze(),
    repair: async (node) => {
      node.thaw();
    },
  },
  killed: {
    title: 'Redis is killed (SIGKILL): connections are refused; then it is started again, empty',
    break: (node) => node.kill(),
    repair: (node) => node.start(),
  },
} satisfies Record<string, OutageScenario>;

/** The name of a scenario. */
export type OutageName = keyof typeof OUTAGES;

/** All names. */
export const OUTAGE_NAMES = Object.keys(OUTAGES) as OutageName[];

import type { AlertRule, RuleGroup } from './rule-types.js';
import { ANOMALIES } from './rules/anomalies.js';
import { APPLICATION } from './rules/application.js';
import { AVAILABILITY } from './rules/availability.js';
import { SERVERS } from './rules/servers.js';

/** All groups, in the order of the rule file. */
export const RULE_GROUPS: readonly RuleGroup[] = [AVAILABILITY, APPLICATION, SERVERS, ANOMALIES];

/** All alerts. */
export const ALERTS: readonly AlertRule[] = RULE_GROUPS.flatMap(({ alerts }) => alerts);

/** Where the runbooks are read. */
export const RUNBOOKS_URL =
  'https://github.com/nestjs-redis-ha/nestjs-redis-ha/blob/main/docs/runbooks';

/** The name of the page of an alert: `RedisHaQuorumLost` has `quorum-lost.md`. */
export function runbookOf({ alert }: Pick<AlertRule, 'alert'>): string {
  const words = alert.replace(/^RedisHa/, '').replace(/(?<=[a-z])(?=[A-Z])/g, '-');
  return `${words.toLowerCase()}.md`;
}

/** Where somebody who is called reads it. */
export function runbookUrl(alert: Pick<AlertRule, 'alert'>): string {
  return `${RUNBOOKS_URL}/${runbookOf(alert)}`;
}

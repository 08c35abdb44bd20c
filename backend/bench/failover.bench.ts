import { writeFileSync } from 'node:fs';
import { CLIENT_KINDS } from './clients/bench-client.js';
import { Arguments } from './common/arguments.js';
import { compareFailovers } from './failover/compare.js';
import { SCENARIOS } from './failover/scenarios.js';

const given = new Arguments({
  runs: '1',
  scenario: '',
  clients: '',
  seconds: '3',
  rate: '1000',
  json: '',
});
const names = given.names(
  'scenario',
  SCENARIOS.map(({ name }) => name),
);
const outcome = await compareFailovers({
  scenarios: SCENARIOS.filter(({ name }) => names.includes(name)),
  runs: given.number('runs'),
  clients: given.names('clients', CLIENT_KINDS),
  perSecond: given.number('rate'),
  calmMs: given.number('seconds') * 1000,
});
if (given.text('json') !== '') {
  writeFileSync(given.text('json'), `${JSON.stringify(outcome.scenarios, null, 1)}\n`);
}
// Times depend on the machine; what was answered and kept does not.
process.exitCode = outcome.isCorrect ? 0 : 1;

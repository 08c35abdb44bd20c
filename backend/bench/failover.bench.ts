import { CLIENT_KINDS } from './clients/bench-client.js';
import { optionsOf, positiveNumber, someOf } from './common/arguments.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { compareFailovers } from './failover/compare.js';
import { SCENARIOS } from './failover/scenarios.js';

const given = optionsOf('bench:failover', {
  runs: positiveNumber(1, 'how often each scenario is played'),
  scenario: someOf(
    SCENARIOS.map(({ name }) => name),
    'what happens',
  ),
  clients: someOf(CLIENT_KINDS, 'who goes through it'),
  seconds: positiveNumber(3, 'load before the fault, in seconds'),
  rate: positiveNumber(1000, 'operations a second for each client'),
  json: JSON_FILE,
});
const outcome = await compareFailovers({
  scenarios: SCENARIOS.filter(({ name }) => given.scenario.includes(name)),
  runs: given.runs,
  clients: given.clients,
  perSecond: given.rate,
  calmMs: given.seconds * 1000,
});
writeJson(given.json, outcome.scenarios);
// Times depend on the machine; what was answered and kept does not.
process.exitCode = outcome.isCorrect ? 0 : 1;

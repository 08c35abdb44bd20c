import { nearestName } from '../../redis/base/options/index.js';
import { CliError, defineCommand, EXIT } from '../frame/index.js';
import { connectionFrom, CONNECTION_OPTIONS, doubtsAbout } from '../reach/index.js';
import { drawTable, type Screen } from '../screen/index.js';
import { drawReport, exitOfReport, reportOf } from './doctor-report.js';
import { examine } from './examine.js';
import { FINDING_CODES } from './finding-codes.js';

const USUAL_DEADLINE_MS = 30_000;
/** After a failover Sentinel demotes an old primary within 11 s, as was measured. */
const USUAL_PATIENCE_MS = 12_000;

/** `doctor` */
export const command = defineCommand({
  summary: 'Find what is set up wrong, with evidence and remedy',
  details:
    'It looks at every Sentinel and every node, and looks again while what it sees may be a moment of a failover or a restart. It changes nothing, and never takes longer than its deadline. docs/operations/doctor.md explains each code.',
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    sessions: { kind: 'flag', about: 'sessions are kept here: what is evicted matters' },
    'rights-of': {
      kind: 'text',
      value: 'user',
      about: 'whose rights at the nodes are looked at (else those of the user who asks)',
    },
    'sentinel-state': {
      kind: 'flag',
      about:
        'let each Sentinel write what it knows to its own file once more, to see whether it can',
    },
    deadline: {
      kind: 'duration',
      minMs: 10_000,
      maxMs: 300_000,
      about: 'the longest that it may take (else 30s)',
    },
    patience: {
      kind: 'duration',
      minMs: 1_000,
      maxMs: 120_000,
      about: 'how long what a failover looks like must stay until it counts (else 12s)',
    },
    ignore: {
      kind: 'text',
      value: 'code',
      isMany: true,
      about: 'a finding that you know of, and do not want to hear of again',
    },
    strict: { kind: 'flag', about: 'advice is a finding, too: exit code 1' },
    codes: { kind: 'flag', about: 'list every code, and connect to nobody' },
  },
  examples: [
    ['doctor --env-file .env --sessions', 'as the application reaches Redis'],
    ['doctor --json --strict --ignore memory-unlimited', 'in a pipeline'],
  ],
  exits: [
    [EXIT.done, 'nothing, or advice only'],
    [EXIT.unwell, 'a finding: danger, degraded or doubtful'],
    [EXIT.failed, 'broken, or it could not be looked at'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ options: typed }, io) => {
    checkCodes(typed.ignore);
    if (typed.codes) {
      listCodes(io.out, typed.json);
      return EXIT.done;
    }
    const examination = await examine({
      options: connectionFrom(typed, { env: io.env }),
      doubts: doubtsAbout(typed, io.env),
      deadlineMs: typed.deadline ?? USUAL_DEADLINE_MS,
      patienceMs: typed.patience ?? USUAL_PATIENCE_MS,
      keepsSessions: typed.sessions,
      user: typed['rights-of'],
      writesStates: typed['sentinel-state'],
      signal: io.signal,
      now: io.now,
    });
    const report = reportOf(examination, { ignored: typed.ignore, isStrict: typed.strict });
    if (typed.json) io.out.line(JSON.stringify(report));
    else for (const line of drawReport(report, io.out)) io.out.line(line);
    return exitOfReport(report);
  },
});

function checkCodes(codes: readonly string[]): void {
  const known = Object.keys(FINDING_CODES);
  for (const code of codes) {
    if (known.includes(code)) continue;
    const near = nearestName(code, known);
    throw CliError.misused(
      `--ignore ${code} is no code of the doctor`,
      near === undefined ? 'See nestjs-redis-ha doctor --codes' : `Did you mean ${near}?`,
    );
  }
}

function listCodes(out: Screen, isJson: boolean): void {
  const rows = Object.entries(FINDING_CODES).map(([code, row]) => ({ code, ...row }));
  if (isJson) {
    out.line(JSON.stringify({ codes: rows }));
    return;
  }
  const columns = [{ title: 'code' }, { title: 'severity' }, { title: 'means' }];
  const cells = rows.map(({ code, severity, means }) => [code, severity, means]);
  for (const line of drawTable(columns, cells, null)) out.line(line);
}

import { EXIT, type ExitCode } from '../frame/index.js';
import { wrapText, type Screen } from '../screen/index.js';
import type { Examination } from './examine.js';
import type { Finding } from './doctor-finding.js';
import { FINDING_CODES, SEVERITIES, type Severity } from './finding-codes.js';
import { nameOf } from './picture.js';
import { unseenIn, type Unseen } from './unseen.js';

const PAGE = 'docs/operations/doctor.md';
const FIRST_COLUMN = 10;

/** The JSON document of `doctor`; `docs/schemas/doctor.schema.json` describes it. */
export interface DoctorReport {
  readonly verdict: 'well' | 'unwell' | 'broken';
  readonly at: string;
  readonly tookMs: number;
  readonly looks: number;
  readonly masterName: string | null;
  readonly primary: string | null;
  readonly sentinels: number;
  readonly nodes: number;
  readonly findings: readonly ReportedFinding[];
  /** Codes that were seen while it looked, and were gone at the end. */
  readonly passed: readonly string[];
  /** Codes that were found, and that nobody wanted to hear of. */
  readonly ignored: readonly string[];
  readonly unseen: readonly Unseen[];
}

interface ReportedFinding extends Pick<Finding, 'code' | 'severity' | 'evidence' | 'remedy'> {
  readonly means: string;
  readonly page: string;
}

/** What is told, and what is not. */
export interface ReportOptions {
  readonly ignored: readonly string[];
  /** Whether advice counts as a finding. */
  readonly isStrict: boolean;
}

/** Puts together what an examination has come to. */
export function reportOf(examination: Examination, options: ReportOptions): DoctorReport {
  const { survey, picture, findings, passed, tookMs, looks } = examination;
  const isIgnored = ({ code }: Finding): boolean => options.ignored.includes(code);
  const told = findings.filter((finding) => !isIgnored(finding));
  return {
    verdict: verdictOf(told, options),
    at: new Date(survey.at).toISOString(),
    tookMs: Math.round(tookMs),
    looks,
    masterName: survey.masterName,
    primary: survey.primary === null ? null : nameOf(survey.primary),
    sentinels: survey.sentinels.length,
    nodes: survey.nodes.length,
    findings: told.map(({ code, severity, evidence, remedy }) => ({
      ...{ code, severity, means: FINDING_CODES[code].means, evidence, remedy },
      page: `${PAGE}#${code}`,
    })),
    passed,
    ignored: findings.filter(isIgnored).map(({ code }) => code),
    unseen: unseenIn(picture),
  };
}

function verdictOf(
  findings: readonly Finding[],
  { isStrict }: ReportOptions,
): DoctorReport['verdict'] {
  const has = (severity: Severity): boolean => findings.some((one) => one.severity === severity);
  if (has('broken')) return 'broken';
  const isUnwell =
    has('danger') || has('degraded') || has('doubtful') || (isStrict && has('advice'));
  return isUnwell ? 'unwell' : 'well';
}

/** What the program ends with. */
export function exitOfReport({ verdict }: DoctorReport): ExitCode {
  return { well: EXIT.done, unwell: EXIT.unwell, broken: EXIT.failed }[verdict];
}

/** Draws a report as lines, the worst first. */
export function drawReport(report: DoctorReport, screen: Screen): string[] {
  const { faint } = screen.styles;
  const { passed, ignored, unseen } = report;
  const aside = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0
      ? []
      : [...wrapText(`${title}: ${lines.join('; ')}`, screen.columns).map(faint)];
  return [
    ...report.findings.flatMap((finding) => [...drawFinding(finding, screen), '']),
    ...aside('passed while it looked', passed),
    ...aside('ignored', ignored),
    ...aside(
      'not looked at',
      unseen.map(({ what, how }) => `${what} (${how})`),
    ),
    drawVerdict(report, screen),
  ];
}

function drawFinding(finding: ReportedFinding, screen: Screen): string[] {
  const { code, severity, means, evidence, remedy, page } = finding;
  const { strong, faint } = screen.styles;
  const lines = [
    ...evidence.flatMap(({ at, seen }) => wrapText(`${at}: ${seen}`, widthOf(screen))),
    ...wrapText(`→ ${remedy}`, widthOf(screen)),
    faint(page),
  ];
  return [
    `${marked(severity, screen)}${strong(code)}: ${means}`,
    ...lines.map((line) => ' '.repeat(FIRST_COLUMN) + line),
  ];
}

function marked(severity: Severity, { styles }: Screen): string {
  const mark = {
    broken: styles.bad,
    danger: styles.bad,
    degraded: styles.doubtful,
    doubtful: styles.doubtful,
    advice: styles.faint,
  }[severity];
  return mark(severity) + ' '.repeat(FIRST_COLUMN - severity.length);
}

function widthOf({ columns }: Screen): number {
  return columns - FIRST_COLUMN;
}

function drawVerdict(report: DoctorReport, { styles }: Screen): string {
  const { verdict, findings, sentinels, nodes, tookMs, looks } = report;
  const mark = { well: styles.good, unwell: styles.doubtful, broken: styles.bad }[verdict];
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${String(count)} ${severity}`];
  });
  const found = counts.length === 0 ? 'nothing found' : counts.join(', ');
  const looked = looks === 1 ? '1 look' : `${String(looks)} looks`;
  const seconds = (tookMs / 1_000).toFixed(1);
  return `${mark(verdict)}: ${found}; ${plural(sentinels, 'Sentinel')}, ${plural(nodes, 'node')}, ${looked} in ${seconds} s`;
}

function plural(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}

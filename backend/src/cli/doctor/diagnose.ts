import { worstFirst, type Finding } from './doctor-finding.js';
import { SEVERITIES } from './finding-codes.js';
import { judgeStrangers, ownPart } from './own-part.js';
import { nameOf, type Picture, type Rule } from './picture.js';
import { judgeDisks } from './rules/judge-disks.js';
import { judgeDoors } from './rules/judge-doors.js';
import { judgeMemory } from './rules/judge-memory.js';
import { judgeNames } from './rules/judge-names.js';
import { judgePromotion } from './rules/judge-promotion.js';
import { judgeReaching } from './rules/judge-reaching.js';
import { judgeRoles } from './rules/judge-roles.js';
import { judgeSentinelSettings } from './rules/judge-sentinel-settings.js';
import { judgeSentinels } from './rules/judge-sentinels.js';

const RULES: readonly Rule[] = [
  judgeReaching,
  judgeNames,
  judgeDoors,
  judgeSentinels,
  judgeSentinelSettings,
  judgeRoles,
  judgePromotion,
  judgeMemory,
  judgeDisks,
];

/** Judges one picture by all rules; the worst first, and one finding for each code. */
export function diagnose(picture: Picture): Finding[] {
  const { own, strangers } = ownPart(picture.survey);
  // Sentinels list nodes as they met them: the same cluster is told the same way each time.
  const nodes = [...own.nodes].sort((a, b) => byName(nameOf(a), nameOf(b)));
  const ours = { ...picture, survey: { ...own, nodes } };
  const all = RULES.flatMap((rule) => rule(ours));
  return worstFirst(merged([...judgeStrangers(strangers), ...all]));
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** One finding for each code, as bad as the worst of them. */
function merged(findings: readonly Finding[]): Finding[] {
  const codes = [...new Set(findings.map(({ code }) => code))];
  return codes.flatMap((code) => {
    const same = findings.filter((one) => one.code === code);
    const [worst] = [...same].sort(
      (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
    );
    if (worst === undefined) return [];
    return [{ ...worst, evidence: distinct(same), mayPass: same.every(({ mayPass }) => mayPass) }];
  });
}

function distinct(findings: readonly Finding[]): Finding['evidence'] {
  const all = findings.flatMap(({ evidence }) => evidence).sort((a, b) => byName(a.at, b.at));
  return [...new Map(all.map((one) => [`${one.at} ${one.seen}`, one])).values()];
}

/** What was seen when, to tell what passes from what stays. */
export interface Look {
  /** On a clock that only goes on, in ms. */
  readonly at: number;
  readonly findings: readonly Finding[];
}

/** What several looks come to. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Codes that were seen, and are gone. */
  readonly passed: readonly Finding['code'][];
  /** Whether another look may say more. */
  readonly isUnsure: boolean;
}

/**
 * Compares looks, the oldest first. What may pass counts as what it is only if each look since `patienceMs` ago has shown it;
 * until then it is told as `degraded`: a failover and a restart look like that.
 */
export function compareLooks(looks: readonly Look[], patienceMs: number): Diagnosis {
  const last = looks.at(-1);
  if (last === undefined) return { findings: [], passed: [], isUnsure: true };
  const sinceMs = (finding: Finding): number => last.at - seenSince(finding, looks);
  const isUnsure = (finding: Finding): boolean => finding.mayPass && sinceMs(finding) < patienceMs;
  const findings = last.findings.map((finding) =>
    isUnsure(finding) ? passing(finding, sinceMs(finding)) : finding,
  );
  const now = new Set(last.findings.map(({ code }) => code));
  const before = new Set(looks.flatMap((look) => look.findings.map(({ code }) => code)));
  return {
    findings: worstFirst(findings),
    passed: [...before].filter((code) => !now.has(code)),
    isUnsure: last.findings.some(isUnsure),
  };
}

function seenSince({ code }: Finding, looks: readonly Look[]): number {
  const without = looks.findLastIndex(({ findings }) => findings.every((one) => one.code !== code));
  return looks[without + 1]?.at ?? Infinity;
}

function passing(finding: Finding, sinceMs: number): Finding {
  const first = finding.evidence[0]?.at ?? '';
  const seen =
    `seen for ${String(Math.round(sinceMs / 1_000))} s: it may be a moment of a failover or a restart. ` +
    'Look again before you act, with more time: --deadline';
  return { ...finding, severity: 'degraded', evidence: [...finding.evidence, { at: first, seen }] };
}

import { typeCommand } from './typed-program.js';

/** One finding, as `doctor --json` writes it. */
export interface DoctorFinding {
  readonly code: string;
  readonly severity: string;
  readonly evidence: readonly { readonly at: string; readonly seen: string }[];
  readonly remedy: string;
}

/** How `doctor` ended, and what it found. */
export interface DoctorRun {
  readonly code: number;
  readonly verdict: string;
  readonly findings: readonly DoctorFinding[];
  readonly passed: readonly string[];
  /** Codes that are more than advice. */
  readonly alarms: readonly string[];
  readonly unseen: readonly { readonly what: string }[];
  readonly tookMs: number;
}

type Variables = Readonly<Record<string, string>>;

/** Runs `doctor` with `--json`; the document fits the schema, and holds none of the passwords. */
export async function runJson(args: readonly string[], env: Variables): Promise<DoctorRun> {
  const startedAt = performance.now();
  const { code, out, told, documents } = await typeCommand(args, env);
  const tookMs = performance.now() - startedAt;
  const document = documents[0] as unknown as DoctorRun & { readonly error?: object };
  if (document.error !== undefined) throw new TypeError(`${out} ${told}`);
  for (const [name, secret] of Object.entries(env)) {
    if (name.endsWith('PASSWORD') && secret !== '' && out.includes(secret)) {
      throw new TypeError(`${name} stands in the document`);
    }
  }
  const alarms = document.findings.filter(({ severity }) => severity !== 'advice');
  return { ...document, code, tookMs, alarms: alarms.map((one) => one.code) };
}

/** The evidence of a finding as lines. */
export function evidenceOf({ findings }: DoctorRun, code: string): readonly string[] {
  const finding = findings.find((one) => one.code === code);
  return (finding?.evidence ?? []).map(({ at, seen }) => `${at}: ${seen}`);
}

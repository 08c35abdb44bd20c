import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { waitUntil } from '../../src/redis/testing/index.js';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';

/** What is watched, as `host:port`. */
interface Targets {
  readonly apps: readonly string[];
  readonly nodes: readonly string[];
  readonly sentinels: readonly string[];
  readonly password: string;
}

/** With which files, and where Alertmanager delivers. */
interface StackOptions {
  /** `deploy/observability`. */
  readonly files: string;
  readonly url: string;
  readonly pagerDutyKey: string;
  /** Changes the rules that are shipped, such as how long something must last. */
  readonly rules?: (text: string) => string;
}

/** A series as Prometheus shows it: times in seconds, and values as texts. */
export interface ShownSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** An alert as Alertmanager has it. */
interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
  };
}

interface Program {
  readonly url: string;
  readonly port: PortClaim;
}

/**
 * Prometheus, Alertmanager and the exporter of Redis as real processes, with the files of `deploy/observability`:
 * only addresses and the paths of secrets are others.
 */
export class AlertingStack {
  readonly #folder = mkdtempSync(join(tmpdir(), 'alerting-'));
  readonly #children: ChildProcess[] = [];
  readonly #claims: PortClaim[] = [];
  readonly #targets: Targets;
  readonly #options: StackOptions;
  #prometheus: ChildProcess | null = null;
  #urls = { prometheus: '', alertmanager: '' };

  constructor(targets: Targets, options: StackOptions) {
    this.#targets = targets;
    this.#options = options;
  }

  /** Where Alertmanager answers. */
  get alertmanager(): string {
    return this.#urls.alertmanager;
  }

  async start(): Promise<void> {
    const nodes = await this.#startExporter(this.#targets.password);
    const sentinels = await this.#startExporter('');
    const alertmanager = await this.#startAlertmanager();
    await this.#startPrometheus({ nodes, sentinels, alertmanager });
  }

  /** The values of an expression. */
  async query(expression: string): Promise<number[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(this.#urls.prometheus + path)).json()) as {
      readonly error?: string;
      readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    };
    if (answer.error !== undefined) throw new Error(`${expression}: ${answer.error}`);
    return (answer.data?.result ?? []).map(({ value }) => Number(value[1]));
  }

  /** The values of an expression, second by second, between two times in seconds. */
  async range(expression: string, from: number, to: number): Promise<ShownSeries[]> {
    const asked = new URLSearchParams({ query: expression, start: String(from), end: String(to) });
    const url = `${this.#urls.prometheus}/api/v1/query_range?${asked.toString()}&step=1`;
    const answer = (await (await fetch(url)).json()) as {
      readonly error?: string;
      readonly data?: { readonly result: readonly ShownSeries[] };
    };
    if (answer.error !== undefined) throw new Error(`${expression}: ${answer.error}`);
    return [...(answer.data?.result ?? [])];
  }

  /** The alerts of this name that Alertmanager has. */
  async alerts(name: string): Promise<KnownAlert[]> {
    const filter = encodeURIComponent(`alertname="${name}"`);
    const answer = await fetch(`${this.#urls.alertmanager}/api/v2/alerts?filter=${filter}`);
    return (await answer.json()) as KnownAlert[];
  }

  /** Changes a line of `prices.yml`, as a person would, and has Prometheus read it. */
  setPrice(record: string, value: number): void {
    const file = join(this.#folder, 'prometheus', 'rules', 'prices.yml');
    const before = readFileSync(file, 'utf8');
    const line = new RegExp(`(record: ${record}\\n\\s+expr: vector)\\([\\d.]+\\)`);
    writeFileSync(file, before.replace(line, `$1(${String(value)})`));
    this.#prometheus?.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    for (const claim of this.#claims) claim.release();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startExporter(password: string): Promise<Program> {
    const program = await this.#claim();
    const args = ['-redis.addr=', `-web.listen-address=${hostAndPort(program)}`];
    const env = { ...process.env, REDIS_PASSWORD: password };
    const names = ['prometheus-redis-exporter', 'redis_exporter'];
    await this.#spawn(names, args, `${program.url}/`, env);
    return program;
  }

  async #startAlertmanager(): Promise<Program> {
    const program = await this.#claim();
    const folder = join(this.#folder, 'alertmanager');
    cpSync(join(this.#options.files, 'alertmanager'), folder, { recursive: true });
    const { url, pagerDutyKey } = this.#options;
    writeFileSync(join(folder, 'slack-webhook-url'), `${url}/slack`);
    writeFileSync(join(folder, 'pagerduty-routing-key'), pagerDutyKey);
    const config = join(folder, 'alertmanager.yml');
    change(config, [
      ['/run/secrets/alertmanager', folder],
      ['/etc/alertmanager', folder],
      ['global:\n', `global:\n  pagerduty_url: ${url}/v2/enqueue\n`],
      [
        '- name: watchdog\n',
        `- name: watchdog\n    webhook_configs: [{ url: '${url}/watchdog' }]\n`,
      ],
    ]);
    const args = [
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${hostAndPort(program)}`,
      '--cluster.listen-address=',
    ];
    const names = ['prometheus-alertmanager', 'alertmanager'];
    await this.#spawn(names, args, `${program.url}/-/ready`);
    this.#urls = { ...this.#urls, alertmanager: program.url };
    return program;
  }

  async #startPrometheus(
    beside: Readonly<Record<'nodes' | 'sentinels' | 'alertmanager', Program>>,
  ): Promise<void> {
    const program = await this.#claim();
    const folder = join(this.#folder, 'prometheus');
    cpSync(join(this.#options.files, 'prometheus'), folder, { recursive: true });
    mkdirSync(join(folder, 'targets'), { recursive: true });
    for (const kind of ['apps', 'nodes', 'sentinels'] as const) {
      const targets = [{ targets: this.#targets[kind], labels: { environment: 'test' } }];
      writeFileSync(join(folder, 'targets', `${kind}.yml`), JSON.stringify(targets));
    }
    const rules = join(folder, 'rules', 'redis-ha.yml');
    writeFileSync(rules, (this.#options.rules ?? String)(readFileSync(rules, 'utf8')));
    const config = join(folder, 'prometheus.yml');
    change(config, [
      ['alertmanager:9093', hostAndPort(beside.alertmanager)],
      ['redis-exporter:9121', hostAndPort(beside.nodes)],
      ['sentinel-exporter:9121', hostAndPort(beside.sentinels)],
    ]);
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${hostAndPort(program)}`,
      '--rules.alert.resend-delay=5s',
    ];
    this.#prometheus = await this.#spawn(['prometheus'], args, `${program.url}/-/ready`);
    this.#urls = { ...this.#urls, prometheus: program.url };
  }

  async #claim(): Promise<Program> {
    const port = await claimPort();
    this.#claims.push(port);
    return { port, url: `http://127.0.0.1:${String(port.port)}` };
  }

  /** Starts a program, which Debian and others call by different names. */
  async #spawn(
    names: readonly string[],
    args: readonly string[],
    ready: string,
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<ChildProcess> {
    const name = names.find(isInPath);
    if (name === undefined)
      throw new Error(`none of ${names.join(', ')} is in PATH: npm test installs it`);
    const child = spawn(name, args, { stdio: 'ignore', env });
    this.#children.push(child);
    await once(child, 'spawn');
    const answers = async (): Promise<boolean> => (await fetch(ready)).ok;
    await waitUntil(answers, { what: name, timeoutMs: 30_000 });
    return child;
  }
}

function isInPath(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, name)));
}

function hostAndPort({ port }: Program): string {
  return `127.0.0.1:${String(port.port)}`;
}

function change(file: string, words: readonly (readonly [string, string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [word, instead] of words) {
    if (!text.includes(word)) throw new Error(`${file} has no "${word}"`);
    text = text.replaceAll(word, instead);
  }
  writeFileSync(file, text);
}

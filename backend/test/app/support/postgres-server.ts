import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { claimPort, type PortClaim } from '../../../src/redis/lab/index.js';
import { waitUntil } from '../../../src/redis/testing/index.js';

const DEBIAN = '/usr/lib/postgresql';
const USER = 'sample';
const REMEDY =
  'No PostgreSQL server was found. Install one, such as with `apt-get install -y postgresql`, or put the folder ' +
  'with initdb and postgres in PATH';

/** A real Postgres, as a process on this machine. */
export class PostgresServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly claim: PortClaim,
    /** For `DATABASE_URL`. */
    readonly url: string,
  ) {}

  /** Starts an empty one. */
  static async start(password: string): Promise<PostgresServer> {
    const programs = findPrograms();
    const owner = someoneButRoot();
    const folder = mkdtempSync(join(tmpdir(), 'sample-postgres-'));
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password);
    if (owner !== null)
      for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
    const data = join(folder, 'data');
    const options = { cwd: folder, ...owner };
    const init = ['-D', data, '-U', USER, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256'];
    execFileSync(join(programs, 'initdb'), [...init, '--no-sync', '-E', 'UTF8', '--locale=C'], {
      ...options,
      stdio: 'pipe',
    });
    const claim = await claimPort();
    const settings = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'fsync=off',
    ];
    const process = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-p', String(claim.port), ...settings.flatMap((one) => ['-c', one])],
      { ...options, stdio: 'ignore' },
    );
    const url = `postgres://${USER}:${password}@127.0.0.1:${claim.port}/postgres`;
    const server = new PostgresServer(process, folder, claim, url);
    await waitUntil(() => server.query('SELECT 1'), { what: 'Postgres to answer' });
    return server;
  }

  /** Asks it, apart from every application. */
  async query(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url });
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends it and removes its files. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGQUIT');
      await ended;
    }
    this.claim.release();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function findPrograms(): string {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a))
    : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const found = folders.find((folder) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))),
  );
  if (found === undefined) throw new Error(REMEDY);
  return found;
}

// Postgres refuses to run as root, as which tests often run in containers.
function someoneButRoot(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

import type { NodeAddress } from '../../base/address/index.js';
import { TestClusterError } from '../../base/errors/index.js';
import type { FaultProxy } from '../net/fault-proxy.js';
import type { PortClaim } from '../../lab/index.js';
import { RespClient, type RespClientOptions } from '../net/resp-client.js';
import { type RespValue, textOfValue } from '../net/resp-codec.js';
import { type RedisProcess } from './redis-process.js';
import { waitUntil } from '../time/wait-until.js';

/** What a node does. */
export type RedisTestRole = 'primary' | 'replica' | 'sentinel';

/** What a node consists of. For the cluster. */
export interface RedisTestNodeDeps {
  readonly name: string;
  readonly roleAtStart: RedisTestRole;
  /** The group it stores data for; `null` for Sentinels, which watch all groups. */
  readonly group: string | null;
  readonly address: NodeAddress;
  /** Keeps its port while the process is dead. */
  readonly claim: PortClaim;
  readonly process: RedisProcess;
  readonly proxy: FaultProxy | null;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** One Redis or Sentinel, and everything a test can do to it. */
export class RedisTestNode {
  /** For people: `mymaster-primary`, `mymaster-replica-1`, `sentinel-2`. Kept for life, whatever the role. */
  readonly name: string;
  /** What it was started as. Ask {@link RedisTestNode.role} for what it is now. */
  readonly roleAtStart: RedisTestRole;
  /** The group it stores data for; `null` for Sentinels, which watch all groups. */
  readonly group: string | null;
  /** Where the process itself listens. */
  readonly address: NodeAddress;

  constructor(private readonly deps: RedisTestNodeDeps) {
    this.name = deps.name;
    this.roleAtStart = deps.roleAtStart;
    this.group = deps.group;
    this.address = deps.address;
  }

  /** Where it is reached through its fault proxy; `undefined` when the cluster was not started `proxied`. */
  get proxiedAddress(): NodeAddress | undefined {
    return this.deps.proxy?.address;
  }

  /** Where an application should connect to: the proxy when there is one. */
  get clientAddress(): NodeAddress {
    return this.proxiedAddress ?? this.address;
  }

  /**
   * The fault proxy in front of it. Other nodes reach it directly: only clients see these faults.
   * @throws TestClusterError when the cluster was not started `proxied`.
   */
  get proxy(): FaultProxy {
    if (this.deps.proxy === null) {
      throw new TestClusterError(
        `${this.name} has no fault proxy. Start the cluster with { proxied: true }.`,
      );
    }
    return this.deps.proxy;
  }

  /** Number of the process; `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.deps.process.pid;
  }

  /** The process exists; a frozen one does too. */
  get isRunning(): boolean {
    return this.deps.process.isRunning;
  }

  /** The process was stopped by {@link RedisTestNode.freeze} and has not continued yet. */
  get isFrozen(): boolean {
    return this.deps.process.isFrozen;
  }

  /** It runs and is not frozen, so it can be expected to answer. */
  get isAwake(): boolean {
    return this.isRunning && !this.isFrozen;
  }

  /** Ends it at once, like a crash (SIGKILL). Resolves when the process is gone. */
  kill(): Promise<void> {
    return this.deps.process.end('SIGKILL');
  }

  /** Asks it to shut down, like an orderly stop (SIGTERM). Resolves when the process is gone. */
  terminate(): Promise<void> {
    return this.deps.process.end('SIGTERM');
  }

  /** Stops it without ending it (SIGSTOP): connections stay open, nothing answers. Resolves when it is stopped. */
  freeze(): Promise<void> {
    return this.deps.process.freeze();
  }

  /** Lets it continue after {@link RedisTestNode.freeze} (SIGCONT). */
  thaw(): void {
    this.deps.process.thaw();
  }

  /**
   * Starts it again: same port, same directory, the configuration it had in the end. Ends it first if it runs.
   * Resolves when it answers; what role it takes is up to the Sentinels.
   */
  async restart(): Promise<void> {
    await this.terminate();
    await this.start();
  }

  /** Sends one command over a connection of its own. @throws CommandRejectedError when Redis answers with an error. */
  async command(...args: string[]): Promise<RespValue> {
    const client = await this.connect();
    try {
      return await client.command(args);
    } finally {
      client.close();
    }
  }

  /** Opens a connection, past the proxy and authenticated, for more than one command. Close it yourself. */
  connect(options: RespClientOptions = {}): Promise<RespClient> {
    const { username, password } = this.deps;
    return RespClient.connect(this.address, { username, password, ...options });
  }

  /** Asks the process for its present role. */
  async role(): Promise<RedisTestRole> {
    const reply = await this.command('ROLE');
    switch (Array.isArray(reply) ? reply[0] : reply) {
      case 'master':
        return 'primary';
      case 'sentinel':
        return 'sentinel';
      default:
        return 'replica';
    }
  }

  /** The section of `INFO` as fields. */
  async info(section: string): Promise<ReadonlyMap<string, string>> {
    const text = textOfValue(await this.command('INFO', section));
    return new Map(
      text.split('\r\n').flatMap((line) => {
        const at = line.indexOf(':');
        return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
      }),
    );
  }

  /** Returns the last lines that the process wrote. */
  log(lines = 50): readonly string[] {
    return this.deps.process.lastLogLines(lines);
  }

  /**
   * Starts the process and resolves when it answers. For the cluster; tests call {@link RedisTestNode.restart}.
   * @throws TestClusterError with the end of the log when it does not.
   */
  async start(timeoutMs = 10_000): Promise<void> {
    const { process } = this.deps;
    await process.spawn();
    const outcome = await waitUntil(
      async () => {
        if (!process.isRunning) return 'ended';
        // Somebody else's Redis may answer on this port.
        const answering = (await this.info('server')).get('process_id');
        return answering === String(process.pid) && 'answers';
      },
      {
        what: `${this.name} answers on port ${String(this.address.port)}`,
        timeoutMs,
        everyMs: 10,
        explain: () => [process.failure('It does not').message],
      },
    );
    if (outcome === 'ended') throw process.failure(`${this.name} ended while starting`);
  }

  /** Whether it could not start because its port was taken meanwhile. For the cluster. */
  get hitTakenPort(): boolean {
    return this.deps.process.hitTakenPort;
  }

  /** Ends the process and its proxy, and gives the port back. For the cluster. */
  async dispose(): Promise<void> {
    await Promise.all([this.kill(), this.deps.proxy?.stop()]);
    this.deps.claim.release();
  }
}

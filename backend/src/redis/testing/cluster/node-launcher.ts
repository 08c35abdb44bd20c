import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TestClusterError } from '../../base/errors/index.js';
import { FaultProxy } from '../net/fault-proxy.js';
import { claimPort, type PortClaim } from '../../lab/index.js';
import { type ProcessKeeper } from './process-keeper.js';
import { RedisProcess } from './redis-process.js';
import { RedisTestNode, type RedisTestRole } from './redis-test-node.js';

/** What is to be started. */
export interface NodePlan {
  readonly name: string;
  readonly roleAtStart: RedisTestRole;
  readonly group: string | null;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Its configuration file, once the port is known. */
  readonly configFor: (port: number) => string;
}

/** What is the same for every node that is started. */
export interface LaunchOptions {
  readonly redisServerPath: string;
  readonly proxied: boolean;
  readonly readyTimeoutMs: number;
}

const PORT_ATTEMPTS = 5;

/** Starts nodes on free ports, each in a directory of its own. */
export class NodeLauncher {
  constructor(
    private readonly keeper: ProcessKeeper,
    private readonly settings: LaunchOptions,
  ) {}

  /**
   * Starts one node and resolves when it answers.
   * @throws TestClusterError when it does not.
   */
  async launch(plan: NodePlan): Promise<RedisTestNode> {
    for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
      const node = await this.prepare(plan, await claimPort());
      try {
        await node.start(this.settings.readyTimeoutMs);
        return node;
      } catch (error) {
        const { hitTakenPort } = node;
        await node.dispose();
        // Somebody else took the port after it was found free.
        if (!hitTakenPort) throw error;
      }
    }
    throw new TestClusterError(
      `${plan.name} found its port taken ${String(PORT_ATTEMPTS)} times. Check what is running on this machine.`,
    );
  }

  private async prepare(plan: NodePlan, claim: PortClaim): Promise<RedisTestNode> {
    const { configFor, ...parts } = plan;
    const directory = join(this.keeper.directory, plan.name);
    rmSync(directory, { recursive: true, force: true });
    const process = new RedisProcess({
      name: plan.name,
      serverPath: this.settings.redisServerPath,
      isSentinel: plan.roleAtStart === 'sentinel',
      directory,
      config: configFor(claim.port),
      keeper: this.keeper,
    });
    const address = { host: '127.0.0.1', port: claim.port };
    const proxy = this.settings.proxied ? await FaultProxy.start(address) : null;
    return new RedisTestNode({ ...parts, address, claim, process, proxy });
  }
}

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { NodeAddress } from '../../src/redis/index.js';
import {
  FaultProxy,
  RespClient,
  waitUntil,
  type RespValue,
} from '../../src/redis/testing/index.js';

/** A region: a network namespace with data nodes and Sentinels. */
export type Region = 'a' | 'b';

/** A server of a region, by the last byte of its address. */
export interface Member {
  readonly region: Region;
  readonly last: number;
}

const NODE_PORT = 6379;
const SENTINEL_PORT = 26379;
const SENTINELS = [21, 22, 23] as const;
const NODES: Readonly<Record<Region, readonly number[]>> = { a: [11, 12, 13], b: [11, 12] };
const BYTE: Readonly<Record<Region, number>> = { a: 71, b: 72 };

/** The node of the other region that copies over the long way. */
const REMOTE: Member = { region: 'b', last: 11 };
/** The primary of the very first start. */
export const FIRST: Member = { region: 'a', last: 11 };

const textOf = (value: RespValue | undefined): string => (typeof value === 'string' ? value : '');
const isSentinel = ({ last }: Member): boolean => last > 20;
const portOf = (member: Member): number => (isSentinel(member) ? SENTINEL_PORT : NODE_PORT);
/** What everybody calls it. From the other region it leads over the long way. */
const announced = ({ region, last }: Member): string => `10.${BYTE[region]}.0.${last}`;
/** The way without delay, for an application in the same region. */
const beside = ({ region, last }: Member): string => `10.1${BYTE[region]}.0.${last}`;

function ip(...commands: readonly string[]): void {
  for (const command of commands) execFileSync('ip', command.split(' '));
}

/**
 * Two regions and the long way between them, in the network namespace of this process, which must have one of its own. Where
 * the kernel cannot delay packets, connections from region to region pass a proxy that does. Addresses are the true ones on
 * both sides: what a region calls the address of the other one is the proxy's.
 */
export class TwoRegions {
  readonly #folder: string;
  readonly #oneWayMs: number;
  readonly #proxies: FaultProxy[] = [];
  readonly #doors: Server[] = [];
  readonly #running = new Map<string, ChildProcess>();

  private constructor(folder: string, oneWayMs: number) {
    this.#folder = folder;
    this.#oneWayMs = oneWayMs;
  }

  /** Starts region a with its Sentinels, and region b as replicas that nobody promotes. */
  static async open(folder: string, oneWayMs: number): Promise<TwoRegions> {
    const world = new TwoRegions(folder, oneWayMs);
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
    ip('link set lo up');
    for (const region of ['a', 'b'] as const) await world.#lay(region);
    for (const last of NODES.a) await world.#startNode({ region: 'a', last });
    for (const last of NODES.b) await world.#startNode({ region: 'b', last });
    for (const last of SENTINELS) await world.startSentinel({ region: 'a', last }, FIRST);
    await world.#untilLinked();
    return world;
  }

  /** All data nodes and Sentinels of a region. */
  static membersOf(region: Region): readonly Member[] {
    return [...NODES[region], ...SENTINELS].map((last) => ({ region, last }));
  }

  /** The Sentinels of a region as an application in `from` reaches them. */
  sentinelsFor(from: Region, region: Region): readonly NodeAddress[] {
    return SENTINELS.map((last) => ({
      host: from === region ? beside({ region, last }) : announced({ region, last }),
      port: SENTINEL_PORT,
    }));
  }

  /** Where an application in this region finds what is announced. */
  natMapFor(region: Region): Readonly<Record<string, string>> {
    const pairs = TwoRegions.membersOf(region).map((member) => {
      const port = String(portOf(member));
      return [`${announced(member)}:${port}`, `${beside(member)}:${port}`];
    });
    return Object.fromEntries(pairs) as Record<string, string>;
  }

  /** One command, without delay. */
  async command(member: Member, ...words: string[]): Promise<RespValue> {
    const address = { host: beside(member), port: portOf(member) };
    const client = await RespClient.connect(address);
    try {
      return await client.command(words);
    } finally {
      client.close();
    }
  }

  /** A figure of INFO. */
  async info(member: Member, section: string, name: string): Promise<string> {
    const text = textOf(await this.command(member, 'INFO', section));
    return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  }

  /** The whole region is off the network, with all that is in it. */
  lose(region: Region): void {
    ip(`link set v-${region} down`);
  }

  /** Nothing passes between the regions any more; in each of them all goes on. */
  cutLine(): void {
    for (const proxy of this.#proxies) proxy.blackHole();
  }

  /** The region and the line are there again, and everything goes on. */
  giveBack(region: Region): void {
    ip(`link set v-${region} up`);
    for (const proxy of this.#proxies) proxy.delay(this.#oneWayMs);
  }

  /** Another node of region a becomes the primary. Resolves when all follow it. */
  async failOver(): Promise<void> {
    const ask = ['SENTINEL', 'FAILOVER', 'mymaster'];
    await waitUntil(async () => (await this.command({ region: 'a', last: 21 }, ...ask)) === 'OK', {
      what: 'a Sentinel fails over',
      everyMs: 500,
    });
    await waitUntil(
      async () => {
        const primary = await this.primaryOf('a');
        if (primary.last === FIRST.last) return false;
        const others = [...NODES.a.map((last) => ({ region: 'a', last }) as const), REMOTE];
        const following = others.filter(
          ({ region, last }) => region === 'b' || last !== primary.last,
        );
        return (await Promise.all(following.map((one) => this.follows(one, primary)))).every(
          Boolean,
        );
      },
      { what: 'all follow another primary', timeoutMs: 120_000, everyMs: 200 },
    );
  }

  /** Ends a server. */
  async stop(member: Member): Promise<void> {
    const child = this.#running.get(announced(member));
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** @param epoch - the greater one is believed: of a Sentinel that begins anew it is 0 */
  async startSentinel(member: Member, primary: Member, epoch = 0): Promise<void> {
    await this.#start(member, [
      `sentinel announce-ip ${announced(member)}`,
      `sentinel monitor mymaster ${announced(primary)} ${NODE_PORT} 2`,
      'sentinel down-after-milliseconds mymaster 3000',
      'sentinel failover-timeout mymaster 10000',
      'sentinel parallel-syncs mymaster 1',
      ...(epoch === 0 ? [] : [`sentinel config-epoch mymaster ${String(epoch)}`]),
    ]);
  }

  /** Whether it is a linked replica of that one. */
  async follows(member: Member, primary: Member): Promise<boolean> {
    const host = await this.info(member, 'replication', 'master_host');
    const link = await this.info(member, 'replication', 'master_link_status');
    return host === announced(primary) && link === 'up';
  }

  /** The primary as a Sentinel of this region names it. */
  async primaryOf(region: Region): Promise<Member> {
    const sentinel = { region, last: SENTINELS[0] };
    const words = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'];
    const [host] = (await this.command(sentinel, ...words)) as RespValue[];
    const [, byte, , last] = textOf(host).split('.').map(Number);
    return { region: byte === BYTE.a ? 'a' : 'b', last: last ?? 0 };
  }

  async close(): Promise<void> {
    for (const door of this.#doors) door.close();
    for (const child of this.#running.values()) child.kill('SIGKILL');
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }

  async #lay(region: Region): Promise<void> {
    const net = `10.1${BYTE[region]}.0`;
    ip(
      `netns add ${region}`,
      `link add v-${region} type veth peer name eth0 netns ${region}`,
      `addr add ${net}.1/24 dev v-${region}`,
      `link set v-${region} up`,
      `-n ${region} link set lo up`,
      `-n ${region} addr add ${net}.2/24 dev eth0`,
      `-n ${region} link set eth0 up`,
      `-n ${region} route add default via ${net}.1`,
    );
    for (const member of TwoRegions.membersOf(region)) {
      ip(
        `-n ${region} addr add ${beside(member)}/24 dev eth0`,
        `-n ${region} addr add ${announced(member)}/32 dev lo`,
        `addr add ${announced(member)}/32 dev lo`,
      );
      await this.#layWayTo(member);
    }
  }

  async #layWayTo(member: Member): Promise<void> {
    const port = portOf(member);
    const proxy = await FaultProxy.start({ host: beside(member), port });
    proxy.delay(this.#oneWayMs);
    this.#proxies.push(proxy);
    const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const onward = connect({ ...proxy.address, allowHalfOpen: true, noDelay: true });
      for (const one of [socket, onward]) one.on('error', () => one.destroy());
      socket.pipe(onward).pipe(socket);
      socket.on('close', () => onward.destroy());
      onward.on('close', () => socket.destroy());
    });
    door.listen({ host: announced(member), port });
    await once(door, 'listening');
    this.#doors.push(door);
  }

  #startNode(member: Member): Promise<void> {
    const { region, last } = member;
    // The second node of the other region copies from its neighbour: the long way carries everything once.
    const follows = region === 'b' && last === 12 ? { region, last: 11 } : FIRST;
    const isFirst = region === 'a' && last === 11;
    return this.#start(member, [
      'save ""',
      'repl-diskless-sync-delay 0',
      `replica-announce-ip ${announced(member)}`,
      'min-replicas-to-write 1',
      'min-replicas-max-lag 2',
      'repl-backlog-size 32mb',
      ...(region === 'b' ? ['replica-priority 0'] : []),
      ...(isFirst ? [] : [`replicaof ${announced(follows)} ${NODE_PORT}`]),
    ]);
  }

  async #start(member: Member, lines: readonly string[]): Promise<void> {
    const folder = join(this.#folder, announced(member));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'server.conf');
    const common = [
      `port ${String(portOf(member))}`,
      `bind ${announced(member)} ${beside(member)}`,
      'protected-mode no',
      `dir ${folder}`,
    ];
    writeFileSync(file, `${[...common, ...lines].join('\n')}\n`);
    const words = ['netns', 'exec', member.region, 'redis-server', file];
    const child = spawn('ip', isSentinel(member) ? [...words, '--sentinel'] : words, {
      stdio: 'ignore',
    });
    this.#running.set(announced(member), child);
    await waitUntil(async () => textOf(await this.command(member, 'PING')) === 'PONG', {
      what: `${announced(member)} answers`,
    });
  }

  async #untilLinked(): Promise<void> {
    const first = FIRST;
    const [near, far] = [{ region: 'b', last: 11 } as const, { region: 'b', last: 12 } as const];
    await waitUntil(
      async () =>
        (await this.follows({ region: 'a', last: 12 }, first)) &&
        (await this.follows({ region: 'a', last: 13 }, first)) &&
        (await this.follows(near, first)) &&
        (await this.follows(far, near)),
      { what: 'all replicas are linked', timeoutMs: 30_000 },
    );
    await waitUntil(
      async () =>
        textOf(
          await this.command({ region: 'a', last: 21 }, 'SENTINEL', 'CKQUORUM', 'mymaster'),
        ).startsWith('OK 3'),
      { what: 'the Sentinels know each other', timeoutMs: 30_000 },
    );
  }
}

import type { NodeAddress } from '../../base/address/index.js';
import { ConnectionLostError, replyPrefix, type Problem } from '../../base/errors/index.js';
import type { Clock, TimeDistance } from '../../base/timing/index.js';
import { Heartbeat } from './heartbeat.js';
import type { JobFor } from './job.js';
import { JobSender } from './job-sender.js';
import { parseRole, RoleQuestion, type NodeRole } from './node-role.js';
import { ReopeningWire, type ConnectionState, type ReopeningOptions } from './reopening-wire.js';
import { ServerTime } from './server-time.js';
import { parseServerInfo, UNKNOWN_SERVER, type ServerInfo } from './server-info.js';
import { Wire } from './wire.js';
import type { WireOptions } from './wire-options.js';
import { WirePool } from './wire-pool.js';

/** Something to send over a shared connection. */
export type Job = JobFor<RedisNode>;

/** What changed about a node or the connection to it. `refused`: it has refused the credentials once more, and for long. */
export type NodeChange =
  'opened' | 'lost' | 'refused' | 'stalled' | 'silent' | 'recovered' | 'role';

/** What a {@link RedisNode} needs to connect to its node and to watch it. */
export interface RedisNodeDeps extends ReopeningOptions {
  /** As announced by Sentinel or configured. */
  readonly address: NodeAddress;
  readonly wire: WireOptions;
  readonly poolSize: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly stallAfterMs: number;
  /** Whether there is no other node and no Sentinel: it may refuse to tell its role. */
  readonly isOnlyNode?: boolean;
  /** Called when commands were sent: from now on {@link RedisNode.checkForStall} must be called. */
  readonly onSent: () => void;
  /** Called when the server refuses something that everything works without. */
  readonly onDoubt?: (problem: Problem) => void;
}

/** What the node says when it is connected to. */
interface Introduction {
  readonly role: NodeRole;
  readonly sentAt: number;
}

const NOT_ANSWERED = 'heartbeat not answered';

/**
 * A node of the cluster: the role that it last reported, its heartbeat, the shared connection to it, which
 * is kept alive, and a pool of exclusive connections. Reports what changed; decides nothing about the cluster.
 */
export class RedisNode {
  readonly address: NodeAddress;
  readonly pool: WirePool;
  readonly #settings: RedisNodeDeps;
  readonly #clock: Clock;
  readonly #onChange: (node: RedisNode, change: NodeChange) => void;
  readonly #wire: ReopeningWire;
  readonly #jobs: JobSender<RedisNode>;
  readonly #heartbeat: Heartbeat;
  readonly #time: ServerTime;
  readonly #roleQuestion: RoleQuestion;
  #role: NodeRole | null = null;
  // Told when it is known that the node is one: a Sentinel has no time, and need not have.
  #timeProblem: Problem | null = null;
  #roleAt = 0;
  #roleAskedAt = 0;
  #soundAt: number;
  #info: ServerInfo = UNKNOWN_SERVER;
  // Opened while the node is silent, to find out whether it answers anybody.
  #secondWire: Wire | null = null;

  constructor(
    settings: RedisNodeDeps,
    clock: Clock,
    onChange: (node: RedisNode, change: NodeChange) => void,
  ) {
    this.address = settings.address;
    this.#settings = settings;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#soundAt = clock.now();
    this.#jobs = new JobSender<RedisNode>(this, clock, settings);
    // One of `poolSize` is the shared connection. At least one more is needed to lend any, and as many
    // again are for blocking commands.
    this.pool = new WirePool(settings.wire, Math.max(1, settings.poolSize - 1), clock);
    this.#time = new ServerTime(clock, (problem) => {
      this.#timeProblem = problem;
    });
    this.#roleQuestion = new RoleQuestion(settings.isOnlyNode ?? false, (problem) => {
      settings.onDoubt?.(problem);
    });
    this.#heartbeat = new Heartbeat(clock, {
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
      ask: () => this.#askRole(),
      onAnswer: (answer, sentAt) => {
        this.#acceptRole(parseRole(answer), sentAt);
      },
      onSilence: () => {
        this.#onSilence();
      },
    });
    let introduced: Introduction = { role: parseRole(null), sentAt: 0 };
    this.#wire = new ReopeningWire(
      () => settings.wire,
      clock,
      {
        introduce: async (wire) => {
          introduced = await this.#introduce(wire);
        },
        onReady: (wire) => {
          this.#onReady(wire, introduced);
        },
        onClosed: (reason) => {
          this.#onClosed(reason);
        },
      },
      settings,
    );
  }

  /** The present state. */
  get state(): ConnectionState {
    return this.#wire.state;
  }

  /** The role that the node last reported; `null` while it is not connected. */
  get role(): NodeRole | null {
    return this.#role;
  }

  /** When {@link RedisNode.role} was received, on the engine's clock. */
  get roleAt(): number {
    return this.#roleAt;
  }

  /** When it was asked for, so how old it may be. */
  get roleAskedAt(): number {
    return this.#roleAskedAt;
  }

  /** For how long it has been neither a primary nor a replica with a link to its primary; 0 while it is one. */
  get unsoundMs(): number {
    const isSound = this.#role !== null && isSoundRole(this.#role) && !this.isStalled;
    return isSound ? 0 : this.#clock.now() - this.#soundAt;
  }

  /** Round-trip time of the last heartbeat in milliseconds. */
  get rttMs(): number {
    return this.#roleAt - this.#roleAskedAt;
  }

  /** How far the node's calendar is from the clock of this process; `null` while it is not known. */
  get timeDistance(): TimeDistance | null {
    return this.#time.distance;
  }

  /** The run id of the server, new at each start of its process; `null` if it is not known. */
  get runId(): string | null {
    return this.#info.runId;
  }

  /** For example `redis 7.2.4` or `valkey 9.0.0`; `null` if it is not known. */
  get version(): string | null {
    return this.#info.version;
  }

  /** The histories of data that the node's own data belong to, newest first; empty if they are not known. */
  get replicationIds(): readonly string[] {
    return this.#info.replicationIds;
  }

  /** Commands that were sent and not answered yet. */
  get inflight(): number {
    return this.#jobs.unanswered;
  }

  /** The jobs that are in flight now. */
  get inflightJobs(): readonly Job[] {
    return this.#jobs.inflightJobs;
  }

  /** Whether the node is stalled: it has commands to answer and sends nothing. */
  get isStalled(): boolean {
    return this.#jobs.stall.isStalled;
  }

  /** When the last attempt to connect began, if it has refused the credentials for long enough to be believed; else `null`. */
  get accessRefusedAt(): number | null {
    return this.#wire.accessRefusedAt;
  }

  /** Whether commands may be sent now. */
  get acceptsJobs(): boolean {
    return this.#jobs.acceptsJobs;
  }

  /**
   * The number of connections in use of those that `pools.writeSize` counts: exclusive ones, and this
   * one while commands are in flight. Those of blocking commands come on top.
   */
  get busyConnections(): number {
    return this.pool.busyFor('exclusive') + (this.inflight > 0 ? 1 : 0);
  }

  /** Connects now, unless it is connected or connecting. */
  open(): void {
    this.#wire.open();
  }

  /** Connects at once if it waits for its next attempt; asks for the role at once if it is connected. */
  nudge(): void {
    if (this.state.kind === 'ready') this.#heartbeat.ask();
    else this.#wire.nudge();
  }

  /** Sends the job together with the others of this turn of the event loop. Only while {@link acceptsJobs}. */
  enqueue(job: Job): void {
    this.#jobs.enqueue(job);
  }

  /** Sends one administrative command on this connection. */
  call(name: string, ...args: readonly string[]): Promise<unknown> {
    const wire = this.#wire.ready;
    return wire === null ? Promise.reject(notConnected()) : wire.call(name, args);
  }

  /** Checks whether the node is stalled. Returns whether it has anything to answer. */
  checkForStall(): boolean {
    const change = this.#jobs.checkForStall(this.#heartbeat.isWaiting);
    if (change !== null) this.#onChange(this, change);
    return this.inflight > 0 || this.#heartbeat.isWaiting;
  }

  /** Cuts this connection and its pool, and connects again. For a node whose answers must not be used. */
  reset(reason: string): void {
    this.pool.destroy(reason);
    if (this.state.kind !== 'closed') this.#wire.reopen(reason);
  }

  /** Cuts this connection and its pool, and does not connect again. */
  close(reason: string): void {
    if (this.state.kind === 'closed') return;
    this.#wire.close(reason);
    this.#letGo(reason);
    this.pool.destroy(reason);
  }

  // Asked before the connection may be used: an address alone does not say who is there.
  async #introduce(wire: Wire): Promise<Introduction> {
    const sentAt = this.#clock.now();
    const ask = (section: string): Promise<unknown> =>
      wire.write('info', [section], 'utf8').catch(() => '');
    this.#time.restart();
    this.#time.ask(wire);
    const info = Promise.all([ask('server'), ask('replication')]);
    this.#roleQuestion.restart();
    const role = parseRole(await this.#roleQuestion.ask(wire));
    this.#info = parseServerInfo((await info).join('\n'), this.#info);
    return { role, sentAt };
  }

  #onReady(wire: Wire, { role, sentAt }: Introduction): void {
    this.#jobs.start(wire);
    this.#noteRole(role, sentAt);
    this.#heartbeat.start();
    this.#onChange(this, 'role');
    this.#onChange(this, 'opened');
  }

  #onClosed(reason: string): void {
    const wasReady = this.#role !== null;
    this.#letGo(reason);
    if (wasReady) this.#onChange(this, 'lost');
    // Any other failed attempt to reconnect changes nothing.
    else if (this.accessRefusedAt !== null) this.#onChange(this, 'refused');
  }

  #letGo(reason: string): void {
    this.#role = null;
    this.#heartbeat.stop();
    this.#secondWire?.destroy(reason);
    this.#jobs.stop(reason);
  }

  #askRole(): Promise<unknown> {
    if (this.#jobs.unanswered === 0) this.#jobs.stall.start(this.#clock.now());
    this.#settings.onSent();
    const wire = this.#wire.ready;
    if (wire === null) return Promise.reject(notConnected());
    // Before the role, so that whoever is told of the role finds the time.
    this.#time.ask(wire);
    return this.#roleQuestion.ask(wire);
  }

  #acceptRole(role: NodeRole, sentAt: number): void {
    const before = this.#role;
    this.#noteRole(role, sentAt);
    if (before !== null && hasNewSource(before, role)) void this.#askReplication();
    this.#onChange(this, 'role');
  }

  #noteRole(role: NodeRole, sentAt: number): void {
    this.#roleAskedAt = sentAt;
    this.#roleAt = this.#clock.now();
    this.#role = role;
    if (isSoundRole(role)) this.#soundAt = this.#roleAt;
    if (role.kind !== 'other') this.#tellTimeProblem();
    this.#jobs.stall.learn(this.rttMs);
  }

  #tellTimeProblem(): void {
    const problem = this.#timeProblem;
    this.#timeProblem = null;
    if (problem !== null) this.#settings.onDoubt?.(problem);
  }

  // A node that follows another one now may have the data of another cluster.
  async #askReplication(): Promise<void> {
    const wire = this.#wire.ready;
    const info = await wire?.call('info', ['replication']).catch(() => '');
    if (wire !== this.#wire.ready || typeof info !== 'string') return;
    this.#info = parseServerInfo(info, this.#info);
    this.#onChange(this, 'role');
  }

  /*
   * A silent node is dead, or busy with something long. A dead connection is cut: what is in flight goes
   * elsewhere. A busy node needs time, and a cut would only repeat what it is busy with. So as long as
   * somebody waits for it, another connection is opened: when the node answers there and not here,
   * it is this connection that is dead.
   */
  #onSilence(): void {
    const now = this.#clock.now();
    if (this.#jobs.stall.quietMs(now) <= this.#settings.heartbeatTimeoutMs) return;
    const isWaitedFor = this.pool.busy > 0 || this.inflightJobs.some(({ isWanted }) => isWanted);
    if (isWaitedFor) this.#askOnSecondWire();
    else this.reset(NOT_ANSWERED);
  }

  #askOnSecondWire(): void {
    if (this.#secondWire !== null) return;
    const second: Wire = new Wire(this.#settings.wire, this.#clock, {
      onReady: () => {
        void this.#judgeBy(second);
      },
      onClosed: () => {
        this.#secondWire = null;
      },
    });
    this.#secondWire = second;
  }

  async #judgeBy(second: Wire): Promise<void> {
    const stopTimer = this.#clock.after(this.#settings.heartbeatTimeoutMs, () => {
      second.destroy(NOT_ANSWERED);
    });
    const isAlive = await second.call('ping').then(
      () => true,
      (error: unknown) => error instanceof Error && replyPrefix(error) !== 'BUSY' && second.isReady,
    );
    stopTimer();
    const isPresent = this.#secondWire === second;
    second.destroy('it has served its purpose');
    if (isPresent && isAlive && this.#heartbeat.isWaiting) this.reset(NOT_ANSWERED);
  }
}

function notConnected(): ConnectionLostError {
  return new ConnectionLostError('The node is not connected');
}

function isSoundRole(role: NodeRole): boolean {
  return role.kind === 'primary' || (role.kind === 'replica' && role.isLinked);
}

// A node that changes its primary, or is linked again, may have copied other data meanwhile. A primary
// without replicas may begin a new history, which shows when the next replica is linked.
function hasNewSource(before: NodeRole, now: NodeRole): boolean {
  if (before.kind === 'primary' && now.kind === 'primary') {
    return before.replicas.length !== now.replicas.length;
  }
  if (before.kind !== 'replica' || now.kind !== 'replica') return before.kind !== now.kind;
  const { host, port } = now.primary;
  const isSame = before.primary.host === host && before.primary.port === port;
  return !isSame || before.isLinked !== now.isLinked;
}

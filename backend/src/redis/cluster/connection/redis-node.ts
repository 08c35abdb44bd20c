import type { NodeAddress } from '../../base/address/index.js';
import { ConnectionLostError } from '../../base/errors/index.js';
import type { Clock, TimeDistance } from '../../base/timing/index.js';
import { Heartbeat } from './wire/heartbeat.js';
import type { JobFor } from './job.js';
import { JobSender } from './job-sender.js';
import { NodeReport, type Introduction, type ReportDeps } from './node-report.js';
import { parseRole, type NodeRole } from './node-role.js';
import {
  ReopeningWire,
  type ConnectionState,
  type ReopeningOptions,
} from './wire/reopening-wire.js';
import { SecondWire } from './second-wire.js';
import type { Wire } from './wire/wire.js';
import type { WireOptions } from './wire/wire-options.js';
import { WirePool } from './wire/wire-pool.js';

/** Something to send over a shared connection. */
export type Job = JobFor<RedisNode>;

/** What changed about a node or the connection to it. `refused`: it has refused the credentials once more, and for long. */
export type NodeChange =
  'opened' | 'lost' | 'refused' | 'stalled' | 'silent' | 'recovered' | 'role';

/** What a {@link RedisNode} needs to connect to its node and to watch it. */
export interface RedisNodeDeps extends ReopeningOptions, ReportDeps {
  /** As announced by Sentinel or configured. */
  readonly address: NodeAddress;
  readonly wire: WireOptions;
  readonly poolSize: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly stallAfterMs: number;
  /** Called when commands were sent: from now on {@link RedisNode.checkForStall} must be called. */
  readonly onSent: () => void;
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
  readonly #report: NodeReport;
  readonly #secondWire: SecondWire;

  constructor(
    settings: RedisNodeDeps,
    clock: Clock,
    onChange: (node: RedisNode, change: NodeChange) => void,
  ) {
    this.address = settings.address;
    this.#settings = settings;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#report = new NodeReport(clock, settings);
    this.#jobs = new JobSender<RedisNode>(this, clock, settings);
    // One of `poolSize` is the shared connection. At least one more is needed to lend any, and as many
    // again are for blocking commands.
    this.pool = new WirePool(settings.wire, Math.max(1, settings.poolSize - 1), clock);
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
    this.#secondWire = new SecondWire(settings.wire, settings.heartbeatTimeoutMs, clock, () => {
      if (this.#heartbeat.isWaiting) this.reset(NOT_ANSWERED);
    });
    let introduced: Introduction = { role: parseRole(null), sentAt: 0 };
    this.#wire = new ReopeningWire(
      () => settings.wire,
      clock,
      {
        // Asked before the connection may be used: an address alone does not say who is there.
        introduce: async (wire) => {
          introduced = await this.#report.introduce(wire);
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
    return this.#report.role;
  }

  /** When {@link RedisNode.role} was received, on the engine's clock. */
  get roleAt(): number {
    return this.#report.roleAt;
  }

  /** When it was asked for, so how old it may be. */
  get roleAskedAt(): number {
    return this.#report.roleAskedAt;
  }

  /** For how long it has been neither a primary nor a replica with a link to its primary; 0 while it is one. */
  get unsoundMs(): number {
    const isSound = this.#report.isSound && !this.isStalled;
    return isSound ? 0 : this.#clock.now() - this.#report.soundAt;
  }

  /** Round-trip time of the last heartbeat in milliseconds. */
  get rttMs(): number {
    return this.roleAt - this.roleAskedAt;
  }

  /** How far the node's calendar is from the clock of this process; `null` while it is not known. */
  get timeDistance(): TimeDistance | null {
    return this.#report.timeDistance;
  }

  /** The run id of the server, new at each start of its process; `null` if it is not known. */
  get runId(): string | null {
    return this.#report.info.runId;
  }

  /** For example `redis 7.2.4` or `valkey 9.0.0`; `null` if it is not known. */
  get version(): string | null {
    return this.#report.info.version;
  }

  /** The histories of data that the node's own data belong to, newest first; empty if they are not known. */
  get replicationIds(): readonly string[] {
    return this.#report.info.replicationIds;
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

  #onReady(wire: Wire, { role, sentAt }: Introduction): void {
    this.#jobs.start(wire);
    this.#noteRole(role, sentAt);
    this.#heartbeat.start();
    this.#onChange(this, 'role');
    this.#onChange(this, 'opened');
  }

  #onClosed(reason: string): void {
    const wasReady = this.role !== null;
    this.#letGo(reason);
    if (wasReady) this.#onChange(this, 'lost');
    // Any other failed attempt to reconnect changes nothing.
    else if (this.accessRefusedAt !== null) this.#onChange(this, 'refused');
  }

  #letGo(reason: string): void {
    this.#report.forgetRole();
    this.#heartbeat.stop();
    this.#secondWire.close(reason);
    this.#jobs.stop(reason);
  }

  #askRole(): Promise<unknown> {
    if (this.#jobs.unanswered === 0) this.#jobs.stall.start(this.#clock.now());
    this.#settings.onSent();
    const wire = this.#wire.ready;
    if (wire === null) return Promise.reject(notConnected());
    return this.#report.ask(wire);
  }

  #acceptRole(role: NodeRole, sentAt: number): void {
    const hasNewSource = this.#noteRole(role, sentAt);
    if (hasNewSource) void this.#askReplication();
    this.#onChange(this, 'role');
  }

  #noteRole(role: NodeRole, sentAt: number): boolean {
    const hasNewSource = this.#report.note(role, sentAt);
    this.#jobs.stall.learn(this.rttMs);
    return hasNewSource;
  }

  async #askReplication(): Promise<void> {
    const wire = this.#wire.ready;
    const info = wire === null ? null : await this.#report.askReplication(wire);
    if (wire !== this.#wire.ready || info === null) return;
    this.#report.noteInfo(info);
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
    if (isWaitedFor) this.#secondWire.ask();
    else this.reset(NOT_ANSWERED);
  }
}

function notConnected(): ConnectionLostError {
  return new ConnectionLostError('The node is not connected');
}

import type { NodeAddress } from '../../base/address/index.js';
import { ConnectionLostError } from '../../base/errors/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { InflightList } from './inflight.js';
import { Attempt, type JobFor } from './job.js';
import { parseRole, type NodeRole } from './node-role.js';
import { StallWatch } from './stall-watch.js';
import { Wire, type WireOptions } from './wire.js';
import { WirePool } from './wire-pool.js';

/** Something to send over a shared connection. */
export type Job = JobFor<SharedConnection>;

/** The state of a shared connection. */
export type NodeState =
  /** `reason` says why the attempt before failed; `null` for the first. */
  | { readonly kind: 'connecting'; readonly attempt: number; readonly reason: string | null }
  | { readonly kind: 'ready' }
  | { readonly kind: 'lost'; readonly reason: string; readonly attempt: number }
  | { readonly kind: 'closed' };

/** What changed about a shared connection or its node. */
export type NodeChange = 'opened' | 'lost' | 'stalled' | 'recovered' | 'role' | 'drained';

/** What a {@link SharedConnection} needs to connect to its node and to watch it. */
export interface SharedConnectionDeps {
  /** As announced by Sentinel or configured. */
  readonly address: NodeAddress;
  readonly wire: WireOptions;
  readonly poolSize: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly stallAfterMs: number;
  /** Called when commands were sent: from now on {@link SharedConnection.checkForStall} must be called. */
  readonly onSent: () => void;
}

// With this many unanswered commands no more are sent until half of them are answered: a command in
// our queue can still go to another node or fail at its deadline, one in a socket cannot.
const MAX_INFLIGHT = 10_000;

const RECONNECT_DELAYS_MS = [0, 10, 20, 50, 50, 50, 100, 100, 200, 250];

/**
 * One connection to a node that all callers share, kept alive, with the role that the node last
 * reported, the commands in flight and a pool of exclusive connections. A node may have several.
 * Reports what changed; decides nothing about the cluster.
 */
export class SharedConnection {
  readonly address: NodeAddress;
  readonly pool: WirePool;
  readonly #stall: StallWatch;
  readonly #settings: SharedConnectionDeps;
  readonly #clock: Clock;
  readonly #onChange: (node: SharedConnection, change: NodeChange) => void;
  #state: NodeState = { kind: 'lost', reason: 'not opened yet', attempt: 0 };
  #wire: Wire | null = null;
  #role: NodeRole | null = null;
  #roleAt = 0;
  #rttMs = 0;
  #runId: string | null = null;
  #version: string | null = null;
  #isSaturated = false;
  #heartbeatSentAt: number | null = null;
  #outbox: Job[] = [];
  #inflight = new InflightList<Attempt<SharedConnection>>();
  #flushScheduled = false;
  #stopReconnect: Stop | null = null;
  #stopHeartbeat: Stop | null = null;

  constructor(
    settings: SharedConnectionDeps,
    clock: Clock,
    onChange: (node: SharedConnection, change: NodeChange) => void,
  ) {
    this.address = settings.address;
    this.#settings = settings;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#stall = new StallWatch(settings.stallAfterMs, settings.heartbeatTimeoutMs);
    // One of `poolSize` is the shared connection. At least one more is needed to lend any.
    this.pool = new WirePool(settings.wire, Math.max(1, settings.poolSize - 1), clock);
  }

  /** The present state. */
  get state(): NodeState {
    return this.#state;
  }

  /** The role that the node last reported; `null` while it is not connected. */
  get role(): NodeRole | null {
    return this.#role;
  }

  /** When {@link SharedConnection.role} was received, on the engine's clock. */
  get roleAt(): number {
    return this.#roleAt;
  }

  /** Round-trip time of the last heartbeat in milliseconds. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /** The run id of the server, new at each start of its process; `null` if it is not known. */
  get runId(): string | null {
    return this.#runId;
  }

  /** For example `redis 7.2.4` or `valkey 9.0.0`; `null` if it is not known. */
  get version(): string | null {
    return this.#version;
  }

  /** Commands that were sent and not answered yet. */
  get inflight(): number {
    return this.#inflight.size + this.#outbox.length;
  }

  /** Whether the node is stalled: it has commands to answer and sends nothing. */
  get isStalled(): boolean {
    return this.#stall.isStalled;
  }

  /** Whether commands may be sent now. */
  get acceptsJobs(): boolean {
    return this.#state.kind === 'ready' && !this.isStalled && !this.#isSaturated;
  }

  /** The number of connections in use: lent ones, and this one while commands are in flight. */
  get busyConnections(): number {
    return this.pool.busy + (this.inflight > 0 ? 1 : 0);
  }

  /** Connects now, unless it is connected or connecting. */
  open(): void {
    if (this.#state.kind === 'lost') this.#connect(this.#state.attempt + 1);
  }

  /** Connects at once if it waits for its next attempt; asks for the role at once if it is connected. */
  nudge(): void {
    if (this.#state.kind === 'lost' && this.#stopReconnect !== null) this.#connect(1);
    else if (this.#state.kind === 'ready') this.#sendHeartbeat();
  }

  /** Sends the job together with the others of this turn of the event loop. Only while {@link acceptsJobs}. */
  enqueue(job: Job): void {
    this.#outbox.push(job);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // Runs after all promise callbacks of this turn, so that what they send goes out in one write.
    process.nextTick(this.#flush);
  }

  /** Sends one administrative command on this connection. */
  call(name: string, ...args: readonly string[]): Promise<unknown> {
    const wire = this.#wire;
    if (wire === null || this.#state.kind !== 'ready') {
      return Promise.reject(new ConnectionLostError('The node is not connected'));
    }
    return wire.call(name, args);
  }

  /** The jobs that are in flight now. */
  get inflightJobs(): readonly Job[] {
    return this.#inflight.toArray().map(({ job }) => job);
  }

  /** Checks whether the node is stalled. Returns whether it has anything to answer. */
  checkForStall(): boolean {
    const owesAnswers = this.#inflight.size > 0 || this.#heartbeatSentAt !== null;
    const bytes = this.#wire?.bytesRead ?? 0;
    if (this.#stall.look(bytes, owesAnswers, this.#clock.now())) {
      this.#onChange(this, this.isStalled ? 'stalled' : 'recovered');
    }
    return owesAnswers;
  }

  /** Cuts this connection and its pool, and connects again. For a node whose answers must not be used. */
  reset(reason: string): void {
    this.pool.destroy(reason);
    if (this.#state.kind === 'closed') return;
    if (this.#wire !== null) this.#wire.destroy(reason);
    else this.nudge();
  }

  /** Cuts this connection and its pool, and does not connect again. */
  close(reason: string): void {
    if (this.#state.kind === 'closed') return;
    this.#stopTimers();
    this.#state = { kind: 'closed' };
    this.#role = null;
    const wire = this.#wire;
    this.#wire = null;
    wire?.destroy(reason);
    this.#dropJobs(reason);
    this.pool.destroy(reason);
  }

  #connect(attempt: number): void {
    this.#stopTimers();
    const reason = this.#state.kind === 'lost' && attempt > 1 ? this.#state.reason : null;
    this.#state = { kind: 'connecting', attempt, reason };
    const wire = new Wire(this.#settings.wire, this.#clock, {
      onReady: () => {
        void this.#introduce(wire);
      },
      onClosed: (reason) => {
        if (this.#wire === wire) this.#onWireClosed(reason, attempt);
      },
    });
    this.#wire = wire;
  }

  /** Asks the node for its role before the connection may be used. */
  async #introduce(wire: Wire): Promise<void> {
    const sentAt = this.#clock.now();
    const stopTimer = this.#clock.after(this.#settings.wire.connectTimeoutMs, () => {
      wire.destroy('no answer to ROLE');
    });
    try {
      const info = wire.write('info', ['server'], 'utf8').catch(() => '');
      const role = parseRole(await wire.call('role'));
      this.#readServerInfo(String(await info));
      if (this.#wire !== wire || !wire.isReady) return;
      this.#state = { kind: 'ready' };
      this.#stall.reset(this.#clock.now());
      this.#acceptRole(role, sentAt);
      this.#stopHeartbeat = this.#clock.every(this.#settings.heartbeatIntervalMs, () => {
        this.#beat();
      });
      this.#onChange(this, 'opened');
    } catch (error) {
      wire.destroy(error instanceof Error ? error.message : 'ROLE failed');
    } finally {
      stopTimer();
    }
  }

  #beat(): void {
    if (this.#heartbeatSentAt === null) this.#sendHeartbeat();
    else if (this.#clock.now() - this.#heartbeatSentAt > this.#settings.heartbeatTimeoutMs) {
      // A process that does not answer here does not answer on its other connections either.
      this.pool.destroy('heartbeat not answered');
      this.#wire?.destroy('heartbeat not answered');
    }
  }

  #sendHeartbeat(): void {
    const wire = this.#wire;
    if (wire === null || !wire.isReady || this.#heartbeatSentAt !== null) return;
    const sentAt = this.#clock.now();
    this.#heartbeatSentAt = sentAt;
    if (this.#inflight.size === 0) this.#stall.start(sentAt);
    this.#settings.onSent();
    wire.call('role').then(
      (answer) => {
        if (this.#wire !== wire) return;
        this.#heartbeatSentAt = null;
        this.#acceptRole(parseRole(answer), sentAt);
      },
      () => {
        if (this.#wire === wire) this.#heartbeatSentAt = null;
      },
    );
  }

  #acceptRole(role: NodeRole, sentAt: number): void {
    const now = this.#clock.now();
    this.#rttMs = now - sentAt;
    this.#stall.learn(this.#rttMs);
    this.#roleAt = now;
    this.#role = role;
    this.#onChange(this, 'role');
  }

  #readServerInfo(info: string): void {
    this.#runId = /^run_id:(\S+)/m.exec(info)?.[1] ?? this.#runId;
    const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
    const redis = /^redis_version:(\S+)/m.exec(info)?.[1];
    if (valkey !== undefined) this.#version = `valkey ${valkey}`;
    else if (redis !== undefined) this.#version = `redis ${redis}`;
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const wire = this.#wire;
    if (wire === null || !wire.isReady || this.#outbox.length === 0) return;
    const jobs = this.#outbox;
    this.#outbox = [];
    const inflight = this.#inflight;
    if (inflight.size === 0) this.#stall.start(this.#clock.now());
    for (const job of jobs) {
      if (job.isWanted) this.#send(job, wire, inflight);
    }
    wire.flush();
    this.#settings.onSent();
    if (inflight.size >= MAX_INFLIGHT) this.#isSaturated = true;
  };

  #send(job: Job, wire: Wire, inflight: InflightList<Attempt<SharedConnection>>): void {
    const attempt = new Attempt<SharedConnection>(job, this, inflight);
    inflight.add(attempt);
    try {
      job.write(wire, attempt);
    } catch (error) {
      // A command that cannot be written must not make the others of this turn fail.
      attempt.onFailure(error);
    }
  }

  /** @internal An attempt was answered. */
  noteAnswer(): void {
    if (this.#isSaturated) this.#checkSaturation();
  }

  #checkSaturation(): void {
    if (this.#inflight.size > MAX_INFLIGHT / 2) return;
    this.#isSaturated = false;
    this.#onChange(this, 'drained');
  }

  #onWireClosed(reason: string, attempt: number): void {
    const wasReady = this.#state.kind === 'ready';
    this.#stopTimers();
    this.#wire = null;
    this.#role = null;
    this.#stall.reset(this.#clock.now());
    this.#isSaturated = false;
    this.#heartbeatSentAt = null;
    const nextAttempt = wasReady ? 0 : attempt;
    this.#state = { kind: 'lost', reason, attempt: nextAttempt };
    this.#scheduleReconnect(nextAttempt);
    this.#dropJobs(reason);
    // A failed attempt to reconnect changes nothing.
    if (wasReady) this.#onChange(this, 'lost');
  }

  #scheduleReconnect(attempt: number): void {
    const delay = RECONNECT_DELAYS_MS[Math.min(attempt, RECONNECT_DELAYS_MS.length - 1)] ?? 0;
    // An engine that was started lives until it is closed, as one with an open socket does.
    this.#stopReconnect = this.#clock.hold(delay, () => {
      this.#stopReconnect = null;
      this.#connect(attempt + 1);
    });
  }

  #dropJobs(reason: string): void {
    const sent = this.#inflight.drain();
    const unsent = this.#outbox;
    this.#outbox = [];
    for (const { job } of sent) job.onLost(reason, true);
    for (const job of unsent) job.onLost(reason, false);
  }

  #stopTimers(): void {
    this.#stopReconnect?.();
    this.#stopReconnect = null;
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = null;
  }
}

import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import { type ResolvedRedisOptions } from '../../config/index.js';
import {
  NodeRegistry,
  refusedByAll,
  type NodeChange,
  type NodeRole,
  type RedisNode,
  type WireOptions,
} from '../connection/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { connectionEvent } from './connection-event.js';
import { endsFailover, isOverInSilence, raisesFence } from './failover-fence.js';
import { FailoverHistory } from './failover-history.js';
import { ListedNodes, sameAddresses } from './listed-nodes.js';
import { PrimaryWatch } from './primary-watch.js';
import { ReplicaLag } from './replica-lag.js';
import type { SentinelMessage } from './sources/sentinel-message.js';
import type { TopologyReport, TopologySource } from './sources/topology-source.js';
import { WriteGate, type PauseReason } from './write-gate.js';
import { WriteRefusal, type Refusal } from './write-refusal.js';

/** Called after each change: of one connection, or with `null` of the cluster as a whole. */
export type TopologyListener = (node: RedisNode | null, change: NodeChange | null) => void;

/**
 * Knows which node is the primary and which are its replicas, keeps connections to all of them, and
 * raises the fence during a failover. A {@link TopologySource} decides which node is the primary;
 * writes go to it only when the node itself says so (`ROLE`).
 */
export class TopologyTracker {
  readonly history: FailoverHistory;
  readonly gate: WriteGate;
  readonly lag = new ReplicaLag();
  readonly #source: TopologySource;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #registry: NodeRegistry;
  readonly #refusal: WriteRefusal;
  readonly #watch: PrimaryWatch;
  readonly #listeners = new Set<TopologyListener>();
  #primary: NodeAddress | null = null;
  #replicas: readonly NodeAddress[] = [];
  readonly #listed = new ListedNodes();
  #epoch = -1;
  #isClosed = false;

  constructor(options: ResolvedRedisOptions, source: TopologySource, clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
    this.#source = source;
    this.history = new FailoverHistory(clock, bus);
    this.gate = new WriteGate(clock, bus);
    this.#refusal = new WriteRefusal(clock, bus, () => this.primary);
    this.#watch = new PrimaryWatch(clock, bus);
    this.#registry = new NodeRegistry(
      options,
      clock,
      (node, change) => {
        this.#onNodeChange(node, change);
      },
      (problem) => {
        bus.doubt(problem);
      },
    );
  }

  /** Starts to look for the nodes and to connect to them. Returns at once. */
  start(): void {
    this.#source.start({
      onTopology: (primary, epoch, replicas) => {
        this.#onTopology(primary, epoch, replicas);
      },
      onStep: (step) => {
        this.#onStep(step);
      },
      onReport: (report) => {
        this.#onReport(report);
      },
      onRefused: () => {
        this.#changed(null, null);
      },
    });
    this.#updateUrgency();
  }

  /** The address of the primary, connected or not; `null` before it is known. */
  get primaryAddress(): NodeAddress | null {
    return this.#primary;
  }

  /** Why no primary is known, for people. Only while {@link primaryAddress} is `null`. */
  get whyUnknown(): string {
    return this.#source.whyUnknown();
  }

  /** What the node is that should be the primary and is none, for people: the end of a sentence about it. */
  whyNotPrimary(role: NodeRole): string {
    return this.#source.whyNotPrimary(role);
  }

  /** The addresses of the replicas, connected or not. */
  get replicaAddresses(): readonly NodeAddress[] {
    return this.#replicas;
  }

  /** The config-epoch of the present primary; 0 in standalone mode, -1 before a primary is known. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The primary's connection, if the node is connected and says that it is the primary. */
  get primary(): RedisNode | null {
    const node = this.primaryConnection;
    return node?.role?.kind === 'primary' ? node : null;
  }

  /** The primary's connection, in any state. */
  get primaryConnection(): RedisNode | null {
    return this.#primary === null ? null : (this.#registry.get(this.#primary) ?? null);
  }

  /** Returns the first connection to a node of the cluster, in any state. */
  connectionTo(address: NodeAddress): RedisNode | null {
    return this.#registry.get(address) ?? null;
  }

  /** One connection to each node except the primary, in any state. */
  get replicas(): readonly RedisNode[] {
    return this.#replicas
      .map((address) => this.#registry.get(address))
      .filter((node) => node !== undefined);
  }

  /** Until when a primary was surely there, by `clock.now()`. */
  get soundUntil(): number {
    return this.#watch.soundUntil;
  }

  /** Whether writes can be sent now. */
  get isWritable(): boolean {
    return this.gate.state.kind === 'open' && this.primary?.acceptsJobs === true;
  }

  /**
   * A moment since which every known address has refused the credentials, so that nothing can be served until somebody
   * changes something: what came before it waits in vain. `null` while one may let us in. Each further refusal is a
   * change that listeners are told of.
   */
  get accessRefusedAt(): number | null {
    if (this.#primary === null) return this.#source.accessRefusedAt;
    const addresses = [this.#primary, ...this.#replicas];
    return refusedByAll(addresses.map((address) => this.#registry.get(address)));
  }

  /** Why the primary refuses every write although it is connected, and since when; `null` while it does not. */
  get refusal(): Refusal | null {
    return this.#refusal.present;
  }

  /** The primary refused a write; the reason is the first word of its answer, such as `NOREPLICAS`. */
  noteRefusedWrite(reason: string): void {
    this.#refusal.noteRefused(reason);
  }

  /** The primary accepted a write. */
  noteAcceptedWrite(): void {
    this.history.noteWrite();
    this.#refusal.noteAccepted();
  }

  /** Returns how to open another connection to the primary; `null` while it is not known. */
  wireOptionsToPrimary(): WireOptions | null {
    return this.#primary === null ? null : this.#registry.wireOptionsFor(this.#primary);
  }

  /** Returns the address at which this process reaches a node, after address mapping. */
  reachable(address: NodeAddress): NodeAddress {
    return this.#registry.wireOptionsFor(address).address;
  }

  /** Calls the listener after each change. */
  onChange(listener: TopologyListener): Stop {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Asks the node for its role and the Sentinels for the primary, after a reply that did not fit its role. */
  suspect(node: RedisNode, reason: string): void {
    if (node === this.primaryConnection) this.#suspect(reason);
    node.nudge();
    void this.#source.lookAgain();
  }

  /** Raises the fence: holds back writes. */
  pauseWrites(reason: PauseReason): void {
    this.history.noteSuspicion('fenced');
    if (this.gate.pause(reason)) this.#changed(null, null);
  }

  /** Keeps the fence up until the Sentinels report the switch, an abort, or no failover in progress. */
  leaveToSentinels(): void {
    this.gate.takeOver({ by: 'sentinel', step: '+failover' });
    this.#changed(null, null);
  }

  /** Takes the fence down: lets writes pass again. */
  resumeWrites(reason: string): void {
    if (this.gate.resume(reason)) this.#changed(null, null);
  }

  /** Closes every connection and opens none again. */
  close(): void {
    this.#isClosed = true;
    this.#refusal.close();
    this.#source.close();
    this.#registry.close('closing');
    this.#listeners.clear();
  }

  #onTopology(primary: NodeAddress, epoch: number, replicas: readonly NodeAddress[]): void {
    const from = this.#primary;
    const hasMoved = from === null || !sameAddress(from, primary);
    const kept = this.#listed.keep(primary, replicas, this.#clock.now());
    const isSame = !hasMoved && epoch === this.#epoch && sameAddresses(kept, this.#replicas);
    if (isSame) return;
    this.#primary = primary;
    this.#epoch = epoch;
    this.#replicas = kept;
    this.#registry.retain([primary, ...this.#replicas]);
    if (hasMoved) this.#followTo(primary, from, epoch);
    this.#bus.emit({ type: 'topology.changed', primary, replicas: this.#replicas, epoch });
    this.#changed(null, null);
  }

  #followTo(primary: NodeAddress, from: NodeAddress | null, epoch: number): void {
    this.#watch.follow(primary);
    this.lag.clear();
    this.#refusal.end('another node is the primary');
    if (from !== null) {
      // From here on no answer of the old primary is used.
      this.#registry.get(from)?.reset('fenced: another node is the primary now');
      this.#bus.emit({ type: 'primary.switched', from, to: primary, epoch });
      this.history.noteSwitch(from, primary, epoch);
    }
    this.gate.resume('the new primary is known');
    this.#registry.get(primary)?.nudge();
    this.#checkPrimary();
  }

  #onStep(message: SentinelMessage): void {
    this.history.noteMessage(message, this.#primary);
    if (message.kind === 'switch') {
      this.#bus.emit({ type: 'failover.observed', step: '+switch-master', detail: '' });
      // The source asks for the epoch meanwhile; connecting need not wait for that.
      this.#registry.get(message.to)?.nudge();
      return;
    }
    this.#bus.emit({ type: 'failover.observed', step: message.step, detail: message.kind });
    if (raisesFence(message, this.#primary)) {
      this.pauseWrites({ by: 'sentinel', step: message.step });
    }
    if (message.step === '+promoted-slave') void this.#source.lookAgain();
    // A switchover of this process holds back writes for reasons of its own, and lets them go itself.
    if (endsFailover(message) && this.gate.isPausedBySentinel) this.resumeWrites(message.step);
  }

  // A pause ends with the switch. If the failover ends without a message, this notices it.
  #onReport(report: TopologyReport): void {
    for (const address of this.#replicas) this.#registry.setDown(address, report.isDown(address));
    if (isOverInSilence(this.gate.state, report)) {
      this.resumeWrites('no Sentinel has a failover in progress');
    }
  }

  #onNodeChange(node: RedisNode, change: NodeChange): void {
    if (this.#isClosed) return;
    const event = connectionEvent(node, change);
    if (event !== null) this.#bus.emit(event);
    const { role } = node;
    const isPrimary = node === this.primaryConnection;
    if (isPrimary) this.#onPrimaryChange(node, change);
    if (change === 'role' && role?.kind === 'primary' && isPrimary) {
      // The offset is as old as the question, not as the answer.
      this.lag.recordPrimary(node.roleAskedAt, role.offset);
    }
    this.#changed(node, change);
  }

  #onPrimaryChange(node: RedisNode, change: NodeChange): void {
    if (change === 'lost') this.#suspect('connection lost');
    if (change === 'stalled') this.#suspect('no answer');
    if (change === 'role' && node.role?.kind !== 'primary') {
      this.#refusal.end('the node is not the primary any more');
      this.#suspect('not a primary any more');
    }
    this.#checkPrimary();
  }

  #suspect(reason: string): void {
    this.history.noteSuspicion('away');
    if (this.#watch.suspect(reason)) this.#updateUrgency();
  }

  #checkPrimary(): void {
    if (this.#watch.check(this.primary)) this.history.noteRecovery();
    this.#updateUrgency();
  }

  // While the primary is away, nodes and Sentinels are asked often: there is no message for everything.
  #updateUrgency(): void {
    const isUrgent = !this.#watch.isReady || this.gate.state.kind === 'paused';
    this.#source.setUrgent(isUrgent);
    this.#registry.setUrgent(isUrgent && !this.#isClosed);
  }

  #changed(node: RedisNode | null, change: NodeChange | null): void {
    if (node === null) this.#updateUrgency();
    for (const listener of this.#listeners) listener(node, change);
  }
}

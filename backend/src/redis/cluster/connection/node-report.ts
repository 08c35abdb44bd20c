import type { Problem } from '../../base/errors/index.js';
import type { Clock, TimeDistance } from '../../base/timing/index.js';
import { parseRole, RoleQuestion, type NodeRole } from './node-role.js';
import { parseServerInfo, UNKNOWN_SERVER, type ServerInfo } from './server-info.js';
import { ServerTime } from './server-time.js';
import type { Wire } from './wire/wire.js';

/** What a report needs of its node. */
export interface ReportDeps {
  /** Whether there is no other node and no Sentinel: it may refuse to tell its role. */
  readonly isOnlyNode?: boolean;
  /** Called when the server refuses something that everything works without. */
  readonly onDoubt?: (problem: Problem) => void;
}

/** What the node says when it is connected to. */
export interface Introduction {
  readonly role: NodeRole;
  readonly sentAt: number;
}

/** What a node says of itself: its role, its calendar, its version and the histories of its data. */
export class NodeReport {
  readonly #clock: Clock;
  readonly #deps: ReportDeps;
  readonly #time: ServerTime;
  readonly #roleQuestion: RoleQuestion;
  #role: NodeRole | null = null;
  #roleAt = 0;
  #roleAskedAt = 0;
  #soundAt: number;
  #info: ServerInfo = UNKNOWN_SERVER;
  // Told when it is known that the node is one: a Sentinel has no time, and need not have.
  #timeProblem: Problem | null = null;

  constructor(clock: Clock, deps: ReportDeps) {
    this.#clock = clock;
    this.#deps = deps;
    this.#soundAt = clock.now();
    this.#time = new ServerTime(clock, (problem) => {
      this.#timeProblem = problem;
    });
    this.#roleQuestion = new RoleQuestion(deps.isOnlyNode ?? false, (problem) => {
      deps.onDoubt?.(problem);
    });
  }

  /** The role that it last reported; `null` while it is not connected. */
  get role(): NodeRole | null {
    return this.#role;
  }

  /** When that was received, on the engine's clock. */
  get roleAt(): number {
    return this.#roleAt;
  }

  /** When it was asked for. */
  get roleAskedAt(): number {
    return this.#roleAskedAt;
  }

  /** Whether it is a primary, or a replica with a link to its primary. */
  get isSound(): boolean {
    return this.#role !== null && isSoundRole(this.#role);
  }

  /** When it last said so; at the start, when it was made. */
  get soundAt(): number {
    return this.#soundAt;
  }

  /** How far its calendar is from the clock of this process; `null` while it is not known. */
  get timeDistance(): TimeDistance | null {
    return this.#time.distance;
  }

  /** Its run id, its version and its histories, as far as they are known. */
  get info(): ServerInfo {
    return this.#info;
  }

  /** Asks everything on a new connection: another server may have the address now. */
  async introduce(wire: Wire): Promise<Introduction> {
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

  /** Asks for time and role. Resolves with what {@link parseRole} reads. */
  ask(wire: Wire): Promise<unknown> {
    // Before the role, so that whoever is told of the role finds the time.
    this.#time.ask(wire);
    return this.#roleQuestion.ask(wire);
  }

  /** Notes the role that was asked for then. Returns whether the data may come from another source than before. */
  note(role: NodeRole, sentAt: number): boolean {
    const before = this.#role;
    this.#roleAskedAt = sentAt;
    this.#roleAt = this.#clock.now();
    this.#role = role;
    if (isSoundRole(role)) this.#soundAt = this.#roleAt;
    if (role.kind !== 'other') this.#tellTimeProblem();
    return before !== null && hasNewSource(before, role);
  }

  /** Asks for the histories again. A node that follows another one now may have the data of another cluster. */
  async askReplication(wire: Wire): Promise<string | null> {
    const info = await wire.call('info', ['replication']).catch(() => '');
    return typeof info === 'string' ? info : null;
  }

  /** Notes sections of the answer to `INFO`. */
  noteInfo(info: string): void {
    this.#info = parseServerInfo(info, this.#info);
  }

  /** The connection is lost: its role is not known. */
  forgetRole(): void {
    this.#role = null;
  }

  #tellTimeProblem(): void {
    const problem = this.#timeProblem;
    this.#timeProblem = null;
    if (problem !== null) this.#deps.onDoubt?.(problem);
  }
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

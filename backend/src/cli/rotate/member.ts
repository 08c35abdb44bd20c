import { createHash } from 'node:crypto';
import { formatAddress } from '../../redis/base/address/index.js';
import { CliError } from '../frame/index.js';
import type { Answer, Reached } from '../reach/index.js';

/** Whose users they are: data nodes and Sentinels have different ones. */
export type Side = 'nodes' | 'sentinels';

/** Where a server keeps its users, so that they are there after a restart. */
export type Keeping = 'file' | 'memory';

/** A server on which a password is rotated. */
export class Member {
  readonly server: Reached;
  readonly side: Side;
  readonly name: string;
  #hashes: readonly string[] = [];

  private constructor(server: Reached, side: Side) {
    [this.server, this.side] = [server, side];
    this.name = formatAddress(server.address);
  }

  /** One whose users stay as they are. */
  static plain(server: Reached, side: Side): Member {
    return new Member(server, side);
  }

  /** @throws {@link CliError} where there is no such user, or one that needs no password */
  static async of(server: Reached, side: Side, user: string): Promise<Member> {
    const member = new Member(server, side);
    const said = await server.ask('acl', 'getuser', user);
    if (!Array.isArray(said)) {
      throw new CliError(`${member.name} has no user ${user}`, 'Name one of ACL USERS');
    }
    const fields = new Map(
      said.flatMap((name, at) => (at % 2 === 0 ? [[String(name), said[at + 1] as unknown]] : [])),
    );
    if (wordsIn(fields.get('flags')).includes('nopass')) {
      throw new CliError(`${user} needs no password on ${member.name}`, 'Give it one first');
    }
    member.#hashes = wordsIn(fields.get('passwords'));
    return member;
  }

  /** SHA-256 of each valid password, when it was asked. */
  get hashes(): readonly string[] {
    return this.#hashes;
  }

  /** Makes a password valid. */
  allow(user: string, hash: string): Promise<Answer> {
    return this.server.tryAsk('acl', 'setuser', user, `#${hash}`);
  }

  /** Makes a password invalid. Connections that are open stay open. */
  forbid(user: string, hash: string): Promise<Answer> {
    return this.server.tryAsk('acl', 'setuser', user, `!${hash}`);
  }

  /** Writes down what is valid, where the server has a file for it. */
  async keep(): Promise<Keeping> {
    const saved = await this.server.tryAsk('acl', 'save');
    if (!saved.ok && !/not configured to use an ACL file/i.test(saved.reason)) {
      throw new CliError(`${this.name} cannot write its users: ${saved.reason}`, REMEDY);
    }
    if (this.side === 'sentinels') {
      await this.server.ask('sentinel', 'flushconfig');
      return 'file';
    }
    // The password of replication stands there, whatever file has the users.
    const written = await this.server.tryAsk('config', 'rewrite');
    if (written.ok) return 'file';
    if (/without a config file/i.test(written.reason)) return saved.ok ? 'file' : 'memory';
    throw new CliError(`${this.name} cannot write its configuration: ${written.reason}`, REMEDY);
  }
}

const REMEDY = 'Let the server write there, or it forgets the password when it is restarted';

/** What Redis knows of a password. */
export function hashOf(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}

function wordsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

import type { NodeAddress } from '../address/index.js';
import { Operation } from './operation.js';

/** The connection on which commands are run, as it is configured. */
export interface CommandPlace {
  /** Name of the connection. */
  readonly connection: string;
  /** Number of the database. */
  readonly database: number;
  /** The host that is configured, or the name of the Sentinel group. */
  readonly server: string;
  /** The port that is configured; `null` where several nodes are meant. */
  readonly port: number | null;
}

/** The place of commands of which nobody says where they run. */
export const SOMEWHERE: CommandPlace = {
  connection: 'default',
  database: 0,
  server: 'redis',
  port: null,
};

/** What an operation runs. */
export interface CommandText {
  /** The command as it was called, such as `get`; `PIPELINE` or `MULTI`, with the command if all are the same. */
  readonly name: string;
  /** How many commands are sent together; `null` for one alone. */
  readonly batchSize: number | null;
  /** The SHA-1 of the script; `null` if it runs none. */
  readonly script: string | null;
  /** Makes the text of the commands, without what they were given. */
  readonly text: () => string;
}

/** A command, a pipeline, a transaction or a script, from the call until its outcome. */
export class CommandOperation extends Operation implements CommandText {
  readonly name: string;
  readonly batchSize: number | null;
  readonly script: string | null;
  readonly text: () => string;
  readonly place: CommandPlace;
  /** Whether a cache, sessions or another keyspace needs it, and not the application itself. */
  readonly isOfKeyspace: boolean;
  /** How often it, or a command of it, was sent. */
  sent = 0;
  /** The node to which it was sent last; `null` before. */
  node: NodeAddress | null = null;

  constructor(command: CommandText, place: CommandPlace, isOfKeyspace: boolean) {
    super();
    this.name = command.name;
    this.batchSize = command.batchSize;
    this.script = command.script;
    this.text = command.text;
    this.place = place;
    this.isOfKeyspace = isOfKeyspace;
  }
}

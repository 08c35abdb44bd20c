import {
  commandChannel,
  CommandOperation,
  isWatched,
  published,
  resumed,
  SOMEWHERE,
  type CommandPlace,
  type CommandText,
} from '../../base/operations/index.js';
import type { TracedOptions } from '../table/call-options.js';
import { batchText, commandText } from './command-text.js';
import type { BatchResult, QueuedCommand } from '../table/payloads.js';
import { isUnknownScript } from '../table/script.js';

/** A command as it was called. */
type Called = Pick<QueuedCommand, 'name' | 'args'>;
type Run<T> = (options: TracedOptions) => Promise<T>;

/** Shows what a runner runs to those who watch the channels of commands. */
export class CommandOperations {
  readonly #place: CommandPlace;

  constructor(place: CommandPlace = SOMEWHERE) {
    this.#place = place;
  }

  /** Whether somebody watches. */
  get areWatched(): boolean {
    return isWatched(commandChannel);
  }

  /**
   * Whether a call with these options is to be shown. Whoever saw a script begin is to see its end, even if nobody
   * watches any more. What is shown already comes again with its operation.
   */
  areWatchedFor(options: TracedOptions | null): boolean {
    if (options?.operation !== undefined) return false;
    const hasBegun = (options?.script?.operation ?? null) !== null;
    return hasBegun || isWatched(commandChannel, options?.isOfKeyspace);
  }

  /** Runs a command as an operation, or as a part of that of its script. */
  ofCommand<T>(command: Called, options: TracedOptions | null, run: Run<T>): Promise<T> {
    const script = options?.script;
    const begun = script?.operation ?? null;
    if (begun !== null) {
      return resumed(commandChannel, begun, () => run({ ...options, operation: begun }));
    }
    const operation = this.#new(commandText(command), options);
    if (script !== undefined) script.operation = operation;
    const goesOn = script === undefined ? undefined : isUnknownScript;
    return published(commandChannel, operation, () => run({ ...options, operation }), goesOn);
  }

  /** Runs a pipeline or a transaction as one operation. */
  ofBatch<T extends BatchResult[] | null>(
    kind: 'PIPELINE' | 'MULTI',
    commands: readonly Called[],
    options: TracedOptions | null,
    run: Run<T>,
  ): Promise<T> {
    const operation = this.#new(batchText(kind, commands), options);
    return published(commandChannel, operation, async () => {
      const results = await run({ ...options, operation });
      operation.error = results?.find(([error]) => error !== null)?.[0] ?? undefined;
      return results;
    });
  }

  #new(text: CommandText, options: TracedOptions | null): CommandOperation {
    return new CommandOperation(text, this.#place, options?.isOfKeyspace === true);
  }
}

import { CliError } from './cli-error.js';
import type { CommandIo } from './define-command.js';
import { EXIT } from './exit-codes.js';

/** What is asked before something is done that could hurt. */
export interface Question {
  /** What is going to happen, as a sentence. */
  readonly what: string;
  /** The word that must be typed; such as the name of the group. */
  readonly word: string;
  /** The option that stands for the answer. */
  readonly option: string;
  readonly isGiven: boolean;
}

/**
 * Goes on only if somebody wants it: by an option, or by typing a word on the terminal.
 *
 * @throws {@link CliError} `unconfirmed`; nothing was touched then.
 */
export async function confirm(
  { what, word, option, isGiven }: Question,
  io: CommandIo,
): Promise<void> {
  if (isGiven) return;
  const { told } = io;
  const remedy = `Type "${word}" when asked, or give --${option}`;
  told.line(`${told.styles.doubtful('attention')} ${what}`);
  const answer = await io.ask(`Type ${told.styles.strong(word)} to go on: `);
  if (answer?.trim() === word) return;
  const why = answer === null ? 'there is no terminal to ask on' : 'it was not confirmed';
  throw new CliError(`Nothing was touched: ${why}`, remedy, EXIT.unconfirmed);
}

import { EXIT, type ExitCode } from './exit-codes.js';

/** Why a command could not do what it was asked, and what to do about it. It never holds a password, a key or a value. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  /** A word for programs, where a command has some. */
  readonly code: string | null = null;
  readonly remedy: string;
  readonly exitCode: ExitCode;

  /** @param exitCode - what the program ends with: `failed`, unless something else was wrong */
  constructor(message: string, remedy: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }

  /** What was typed does not exist, or is not meant so. */
  static misused(message: string, remedy: string): CliError {
    return new CliError(message, remedy, EXIT.misused);
  }
}

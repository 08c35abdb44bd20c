export { CliError } from './cli-error.js';
export {
  type AnyCommand,
  type Command,
  type CommandEntry,
  type CommandIo,
  defineCommand,
  type Environment,
  type Typed,
} from './define-command.js';
export { completionScript, SHELLS } from './completion.js';
export { confirm, type Question } from './confirm.js';
export { readDuration } from './durations.js';
export { EXIT, type ExitCode } from './exit-codes.js';
export { PROGRAM } from './help.js';
export type { OptionSpecs, OptionValues } from './option-specs.js';
export { runCli } from './run-cli.js';
export { versionBeside } from './version.js';

import type { AnyCommand } from './define-command.js';
import type { ArgumentSpec, OptionSpec } from './option-specs.js';
import { PROGRAM } from './help.js';
import { allOptions } from './read-typed.js';

/** The shells that are helped. */
export const SHELLS = ['bash', 'zsh'] as const;

/** Commands by name, all loaded. */
export type CommandTable = readonly (readonly [name: string, command: AnyCommand])[];

/**
 * Returns a script that makes a shell complete the commands, their options, and the words that these take. It holds all of
 * them, so that completing starts no program.
 */
export function completionScript(shell: (typeof SHELLS)[number], commands: CommandTable): string {
  return shell === 'bash' ? bashScript(commands) : zshScript(commands);
}

function bashScript(commands: CommandTable): string {
  const cases = commands.map(([name, command]) =>
    [
      `    ${name})`,
      `      options='${optionNames(command).join(' ')}'`,
      `      words='${wordsOf(command).join(' ')}'`,
      '      case $previous in',
      ...valueCases(command, (spec) =>
        isPath(spec) ? 'COMPREPLY=($(compgen -f -- "$current")); return' : bashWords(spec),
      ),
      '      esac',
      `      paths=${String(command.arguments.some(({ isPath: is }) => is === true))}`,
      '      ;;',
    ].join('\n'),
  );
  return `# Completion of ${PROGRAM} for bash: eval "$(${PROGRAM} completion bash)"
_nestjs_redis_ha() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' word options words paths=false
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case $command in
${cases.join('\n')}
    *)
      COMPREPLY=($(compgen -W '${['help', ...commands.map(([name]) => name)].join(' ')} --help' -- "$current"))
      return
      ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *)
      COMPREPLY=($(compgen -W "$words" -- "$current"))
      if [ "$paths" = true ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
      ;;
  esac
}
complete -o filenames -F _nestjs_redis_ha ${PROGRAM}`;
}

function bashWords(spec: OptionSpec): string {
  return spec.kind === 'choice'
    ? `COMPREPLY=($(compgen -W '${spec.words.join(' ')}' -- "$current")); return`
    : 'COMPREPLY=(); return';
}

function valueCases(command: AnyCommand, does: (spec: OptionSpec) => string): string[] {
  return Object.entries(allOptions(command))
    .filter(([, spec]) => spec.kind !== 'flag')
    .map(([name, spec]) => `        --${name}) ${does(spec)} ;;`);
}

function zshScript(commands: CommandTable): string {
  const names = commands.map(([name, { summary }]) => `      ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(([name, command]) => {
    const options = Object.entries(allOptions(command)).map(
      ([option, spec]) => `        ${quoted(zshOption(option, spec))} \\`,
    );
    const words = command.arguments.map((spec) => `        ${quoted(zshArgument(spec))} \\`);
    return [
      `    ${name})`,
      '      _arguments \\',
      ...options,
      ...words,
      '        && return',
      '      ;;',
    ].join('\n');
  });
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} for zsh: eval "$(${PROGRAM} completion zsh)"
_nestjs_redis_ha() {
  local -a commands
  if (( CURRENT == 2 )); then
    commands=(
${names.join('\n')}
    )
    _describe command commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _nestjs_redis_ha ${PROGRAM}`;
}

function zshOption(name: string, spec: OptionSpec): string {
  const about = spec.about.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -');
  const head = `${spec.kind === 'text' && spec.isMany === true ? '*' : ''}--${name}[${about}]`;
  if (spec.kind === 'flag') return head;
  if (spec.kind === 'choice') return `${head}:${name}:(${spec.words.join(' ')})`;
  return `${head}:${name}:${isPath(spec) ? '_files' : ' '}`;
}

function zshArgument({ name, words, isPath: is, isOptional, isMany }: ArgumentSpec): string {
  const head = isMany === true ? '*' : isOptional === true ? ':' : '';
  if (words !== undefined) return `${head}:${name}:(${words.join(' ')})`;
  return `${head}:${name}:${is === true ? '_files' : ' '}`;
}

function isPath(spec: OptionSpec): boolean {
  return spec.kind === 'text' && spec.isPath === true;
}

function optionNames(command: AnyCommand): string[] {
  return Object.keys(allOptions(command)).map((name) => `--${name}`);
}

function wordsOf(command: AnyCommand): string[] {
  return command.arguments.flatMap(({ words = [] }) => [...words]);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

import type { CommandEntry } from './frame/index.js';

/** Every command, in the order of the help. Its code is read when it is used. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'doctor',
    summary: 'Find what is set up wrong, with evidence and remedy',
    load: async () => (await import('./doctor/doctor.command.js')).command,
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands and options in bash or zsh',
    load: async () => (await import('./completion/completion.command.js')).command,
  },
];

import type { OptionSpecs } from '../frame/index.js';

/** How a command is told which Compose project is meant. */
export const COMPOSE_OPTIONS = {
  compose: {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'containers of this Compose file, and not processes',
  },
  'compose-env': {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'the file with the variables of the Compose file',
  },
  project: { kind: 'text', value: 'name', about: 'name of the Compose project (else its own)' },
} as const satisfies OptionSpecs;

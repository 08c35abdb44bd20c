import type { CommandEntry } from './frame/index.js';

/** Every command, in the order of the help. Its code is read when it is used. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'status',
    summary: 'Show every Sentinel and every node, and whether all is well',
    load: async () => (await import('./status/status.command.js')).command,
  },
  {
    name: 'doctor',
    summary: 'Find what is set up wrong, with evidence and remedy',
    load: async () => (await import('./doctor/doctor.command.js')).command,
  },
  {
    name: 'failover',
    summary: 'Move the primary to another node on purpose, and lose nothing',
    load: async () => (await import('./failover/failover.command.js')).command,
  },
  {
    name: 'drill',
    summary: 'Break something on purpose under load, and say what it cost',
    load: async () => (await import('./drill/drill.command.js')).command,
  },
  {
    name: 'cluster',
    summary: 'Start, end or show a cluster of six nodes on this machine, for drills',
    load: async () => (await import('./cluster/cluster.command.js')).command,
  },
  {
    name: 'baseline',
    summary: 'Judge roles, replication and quorum, and how fast PING, SET, GET and replicas are',
    load: async () => (await import('./baseline/baseline.command.js')).command,
  },
  {
    name: 'backup',
    summary: 'Take sealed backups of a replica, write down what is ended, and look after the files',
    load: async () => (await import('./backup/backup.command.js')).command,
  },
  {
    name: 'restore',
    summary: 'Put a backup back into the primary, without what was ended since',
    load: async () => (await import('./backup/restore.command.js')).command,
  },
  {
    name: 'silence',
    summary: 'Silence the alerts of Redis in Alertmanager for a maintenance',
    load: async () => (await import('./silence/silence.command.js')).command,
  },
  {
    name: 'hot-keys',
    summary: 'Name the keys that are accessed most, by an application or by the primary',
    load: async () => (await import('./hot-keys/hot-keys.command.js')).command,
  },
  {
    name: 'cost',
    summary: 'Measure what each server uses, and what that costs a day and a month',
    load: async () => (await import('./cost/cost.command.js')).command,
  },
  {
    name: 'rotate',
    summary: 'Replace the password of a user on every server, without a call that fails',
    load: async () => (await import('./rotate/rotate.command.js')).command,
  },
  {
    name: 'warm',
    summary: "Make the caches of an application warm now, by the application's own plans",
    load: async () => (await import('./warm/warm.command.js')).command,
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands and options in bash or zsh',
    load: async () => (await import('./completion/completion.command.js')).command,
  },
];

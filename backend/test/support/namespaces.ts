import { spawnSync } from 'node:child_process';

/**
 * A command that runs another one in a network, a mount and a pid namespace of its own: what is made there ends with it.
 * Without root, as root of a user namespace.
 */
export const OWN_WORLD: readonly string[] = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** Why no such namespaces can be had here, or that `probe` does not work in them; null where all is well. */
export function whyNoWorld(probe: string): string | null {
  const { status, stderr, error } = spawnSync(
    OWN_WORLD[0]!,
    [...OWN_WORLD.slice(1), 'sh', '-c', probe],
    { encoding: 'utf8' },
  );
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

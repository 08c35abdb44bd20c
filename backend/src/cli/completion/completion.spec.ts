import { spawnSync } from 'node:child_process';
import { COMMANDS } from '../commands.js';
import { completionScript } from '../frame/index.js';

async function script(shell: 'bash' | 'zsh'): Promise<string> {
  const commands = await Promise.all(
    COMMANDS.map(async ({ name, load }) => [name, await load()] as const),
  );
  return completionScript(shell, commands);
}

/** What bash offers where the last word is to be completed. */
async function offered(...words: string[]): Promise<string[]> {
  const asked = [
    await script('bash'),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${String(words.length - 1)}`,
    '_nestjs_redis_ha',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { stdout, stderr } = spawnSync('bash', ['-c', asked], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('completion in bash', () => {
  it('offers commands, then the words and options of one', async () => {
    expect(await offered('nestjs-redis-ha', 'compl')).toEqual(['completion']);
    expect(await offered('nestjs-redis-ha', 'completion', '')).toEqual(['bash', 'zsh']);
    expect(await offered('nestjs-redis-ha', 'completion', '--he')).toEqual(['--help']);
  });
});

import { completionScript, defineCommand, EXIT, SHELLS } from '../frame/index.js';

/** `completion bash|zsh` */
export const command = defineCommand({
  summary: 'Print a script that completes commands and options in bash or zsh',
  details: 'Load it in the file that the shell reads at its start.',
  arguments: [{ name: 'shell', about: 'the shell', words: SHELLS }],
  options: {},
  examples: [
    ['completion bash > ~/.nestjs-redis-ha.bash', 'then: source ~/.nestjs-redis-ha.bash'],
    ['completion zsh > ~/.nestjs-redis-ha.zsh', 'then: source ~/.nestjs-redis-ha.zsh'],
  ],
  run: async ({ words, options }, io) => {
    const commands = await Promise.all(
      io.commands.map(async ({ name, load }) => [name, await load()] as const),
    );
    const shell = SHELLS.find((one) => one === words[0]) ?? 'bash';
    const script = completionScript(shell, commands);
    io.out.line(options.json ? JSON.stringify({ shell, script }) : script);
    return EXIT.done;
  },
});

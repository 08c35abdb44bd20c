import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisTestCluster, startRedisCluster } from '../../src/redis/testing/index.js';
import { CompiledCommands } from '../support/command-process.js';
import { describeNeeds, itNeeds } from '../support/needs.js';
import { Terminal } from '../support/terminal.js';
import { typeCommand } from '../support/typed-program.js';

jest.setTimeout(60_000);

describeNeeds('tmux')('the program on a terminal', () => {
  const commands = new CompiledCommands();
  const opened: Terminal[] = [];
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1, sentinels: 1, downAfterMs: 5_000 });
  });
  afterEach(async () => {
    for (const terminal of opened.splice(0)) terminal.close();
    const away = cluster.nodes().filter((node) => !node.isAwake);
    for (const node of away) await node.restart();
    if (away.length > 0) await cluster.waitForReady();
  });
  afterAll(async () => {
    await cluster.stop();
    commands.remove();
  });

  function watch(columns: number, env: Record<string, string> = {}): Terminal {
    const { PATH = '' } = process.env;
    const words = [process.execPath, commands.entry, 'status', '--watch', '--every', '300ms'];
    const all = { PATH, TERM: 'xterm-256color', ...commands.env, ...cluster.env(), ...env };
    const terminal = new Terminal(words, all, { columns, rows: 24 });
    opened.push(terminal);
    return terminal;
  }

  /** The line below the picture, which says when it was drawn. */
  const drawnAt = (terminal: Terminal): string =>
    terminal.lines().find((line) => line.endsWith('q ends')) ?? '';

  it.each([80, 200])(
    'redraws a status where it stands, at %i columns, until q',
    async (columns) => {
      const terminal = watch(columns);
      await terminal.until('the first picture', (text) => text.includes('q ends'));
      const first = drawnAt(terminal);
      await terminal.until('a second one', () => !['', first].includes(drawnAt(terminal)));
      const lines = terminal.lines();
      expect(lines[0]).toBe('healthy mymaster');
      expect(lines).toHaveLength(8);
      expect(lines.filter((line) => line.startsWith('127.0.0.1:'))).toHaveLength(3);
      await cluster.replicas()[0]?.kill();
      await terminal.until('the loss of a replica', (text) =>
        text.startsWith('degraded mymaster:'),
      );
      const after = terminal.lines();
      expect(after.filter((line) => line.includes('q ends'))).toHaveLength(1);
      expect(after.filter((line) => line.startsWith('127.0.0.1:'))).toHaveLength(3);
      terminal.press('q');
      await terminal.until('its end', (text) => text.includes('[ended 1]'));
    },
  );

  it('draws one picture still where the window becomes narrow, and then low', async () => {
    const terminal = watch(200);
    await cluster.replicas()[0]?.kill();
    await terminal.until('a long line', (text) => /^WARN replica .{70,}/m.test(text));
    terminal.resize({ columns: 60, rows: 24 });
    const before = drawnAt(terminal);
    await terminal.until('pictures after it', () => !['', before].includes(drawnAt(terminal)));
    await terminal.until('one picture', (text) => text.split('q ends').length === 2);
    terminal.resize({ columns: 60, rows: 8 });
    await terminal.until('what fits', (text) => /… \d+ more lines/.test(text));
    expect(terminal.lines()[0]).toMatch(/^degraded mymaster/);
    terminal.press('q');
    await terminal.until('its end', (text) => text.includes('[ended 1]'));
  });

  it('ends at Ctrl-C with 130, and leaves the last picture', async () => {
    const terminal = watch(80);
    await terminal.until('the first picture', (text) => text.includes('q ends'));
    terminal.press('C-c');
    await terminal.until('its end', (text) => text.includes('[ended 130]'));
    expect(terminal.lines()[0]).toBe('healthy mymaster');
  });

  it('has colours, and none where nobody wants them', async () => {
    const [colored, plain] = [watch(80), watch(80, { NO_COLOR: '1' })];
    for (const terminal of [colored, plain]) {
      await terminal.until('the first picture', (text) => text.includes('q ends'));
    }
    expect(colored.marked()).toContain('\u001b[32mhealthy');
    expect(plain.marked()).not.toContain('\u001b[');
  });

  itNeeds('zsh')('completes commands, options and their words in zsh', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'completion-'));
    const { out } = await typeCommand(['completion', 'zsh']);
    writeFileSync(join(folder, 'completion.zsh'), out);
    writeFileSync(
      join(folder, '.zshrc'),
      'PS1="> "\nautoload -Uz compinit && compinit -u -D\nsource $ZDOTDIR/completion.zsh\n',
    );
    const { PATH = '' } = process.env;
    const env = { PATH, TERM: 'xterm-256color', ZDOTDIR: folder, HOME: folder };
    const terminal = new Terminal(['zsh', '-i'], env, { columns: 100, rows: 40 });
    opened.push(terminal);
    await terminal.until('the prompt', (text) => text.includes('>'));
    terminal.press('nestjs-redis-ha hot', 'Tab');
    await terminal.until('the command', (text) => text.includes('> nestjs-redis-ha hot-keys'));
    terminal.press('--show', 'Tab');
    await terminal.until('the option', (text) => text.includes('hot-keys --show-keys'));
    terminal.press('C-u', 'nestjs-redis-ha rotate fin', 'Tab');
    await terminal.until('the word', (text) => text.includes('> nestjs-redis-ha rotate finish'));
    rmSync(folder, { recursive: true });
  });
});

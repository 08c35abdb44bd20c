import { existsSync } from 'node:fs';
import type { Clock } from '../../redis/base/timing/index.js';
import { CliError, type Environment } from '../frame/index.js';
import { readContainers, type Container } from './containers.js';
import { lastLine, runTool, type ToolAnswer } from './run-tool.js';

/** Which Compose project is meant. */
export interface ComposeNames {
  readonly file: string;
  readonly project: string | null;
  /** A file with the variables of the Compose file. */
  readonly envFile: string | null;
}

const COMMAND_WITHIN_MS = 300_000;
const QUESTION_WITHIN_MS = 20_000;
const HEALTHY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;

/** A Redis in containers, by its Compose file. */
export class ComposeProject {
  readonly #compose: readonly string[];
  readonly #names: ComposeNames;
  readonly #env: Environment;
  readonly #clock: Clock;

  private constructor(
    compose: readonly string[],
    names: ComposeNames,
    env: Environment,
    clock: Clock,
  ) {
    this.#compose = compose;
    this.#names = names;
    this.#env = env;
    this.#clock = clock;
  }

  /** @throws {@link CliError} where there is no such file, or no Compose */
  static async open(names: ComposeNames, env: Environment, clock: Clock): Promise<ComposeProject> {
    for (const file of [names.file, names.envFile]) {
      if (file !== null && !existsSync(file)) {
        throw CliError.misused(
          `There is no file ${file}`,
          'Name the Compose file, and its variables',
        );
      }
    }
    for (const compose of [['docker', 'compose'], ['docker-compose']]) {
      const [command = '', ...first] = compose;
      const run = { env, timeoutMs: QUESTION_WITHIN_MS };
      const { code } = await runTool(command, [...first, 'version'], run);
      if (code === 0) return new ComposeProject(compose, names, env, clock);
    }
    throw new CliError(
      'There is neither docker compose nor docker-compose',
      'Install Docker with Compose, or leave --compose out for processes',
    );
  }

  /** Starts it; resolves when every container runs and is healthy. */
  async up(signal: AbortSignal, say: (text: string) => void): Promise<void> {
    await this.#must('up', '-d');
    const until = this.#clock.now() + HEALTHY_WITHIN_MS;
    for (;;) {
      const sick = (await this.containers()).filter(({ isHealthy }) => !isHealthy);
      if (sick.length === 0 || signal.aborted) return;
      const list = sick.map(({ service, status }) => `${service} is ${status}`).join(', ');
      say(list);
      if (this.#clock.now() > until) {
        throw new CliError(`Not every container is healthy: ${list}`, 'See docker compose logs');
      }
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  /** Ends it, and removes its containers and networks; its volumes only where that is asked for. */
  async down(alsoVolumes: boolean): Promise<void> {
    await this.#must('down', ...(alsoVolumes ? ['-v'] : []));
  }

  /** Its containers; none where it is not up. */
  async containers(): Promise<readonly Container[]> {
    const { stdout } = await this.#must('ps', '-a', '-q');
    const ids = stdout.split('\n').filter((id) => id.trim() !== '');
    return ids.length === 0 ? [] : readContainers(await this.docker('inspect', ...ids));
  }

  /** Runs `docker`; resolves with what it said. @throws {@link CliError} where it fails */
  async docker(...args: readonly string[]): Promise<string> {
    const run = { env: this.#env, timeoutMs: QUESTION_WITHIN_MS };
    const answer = await runTool('docker', args, run);
    if (answer.code === 0) return answer.stdout;
    throw new CliError(
      `docker ${args[0] ?? ''} failed: ${lastLine(answer)}`,
      'See docker info and docker ps -a',
    );
  }

  async #must(...args: string[]): Promise<ToolAnswer> {
    const { file, project, envFile } = this.#names;
    const [command = '', ...first] = this.#compose;
    const named = [
      ...(envFile === null ? [] : ['--env-file', envFile]),
      ...(project === null ? [] : ['-p', project]),
    ];
    const words = [...first, ...named, '-f', file, ...args];
    const run = { env: this.#env, timeoutMs: COMMAND_WITHIN_MS };
    const answer = await runTool(command, words, run);
    if (answer.code === 0) return answer;
    throw new CliError(
      `${this.#compose.join(' ')} ${args[0] ?? ''} failed: ${lastLine(answer)}`,
      'Run it by hand; --compose-env names the file with the variables of the Compose file',
    );
  }
}

import {
  type INestApplicationContext,
  type LoggerService,
  Module,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

type ModuleParts = Parameters<typeof Module>[0];

/** What the application logged, as text. */
export class LogLines implements LoggerService {
  readonly lines: { readonly level: string; readonly text: string }[] = [];

  log(message: unknown): void {
    this.#add('log', message);
  }
  error(message: unknown): void {
    this.#add('error', message);
  }
  warn(message: unknown): void {
    this.#add('warn', message);
  }
  debug(message: unknown): void {
    this.#add('debug', message);
  }
  verbose(message: unknown): void {
    this.#add('verbose', message);
  }

  /** Lines of one level, or all. */
  texts(level?: string): string[] {
    return this.lines
      .filter((one) => level === undefined || one.level === level)
      .map(({ text }) => text);
  }

  #add(level: string, message: unknown): void {
    this.lines.push({ level, text: String(message) });
  }
}

/** A running Nest application. */
export interface TestApp {
  readonly app: INestApplicationContext;
  readonly log: LogLines;
}

const running = new Set<INestApplicationContext>();

/** Boots an application with these imports and providers. All of them are closed by {@link closeApps}. */
export async function startApp(parts: ModuleParts): Promise<TestApp> {
  const log = new LogLines();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(moduleOf(parts), {
    logger: log,
    abortOnError: false,
  });
  running.add(app);
  return { app, log };
}

/** Closes every application that a test started. For `afterEach`. */
export async function closeApps(): Promise<void> {
  const apps = [...running];
  running.clear();
  await Promise.all(apps.map((app) => app.close()));
}

function moduleOf(parts: ModuleParts): Type {
  @Module(parts)
  class TestModule {}
  return TestModule;
}

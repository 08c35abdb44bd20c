import type { DynamicModule } from '@nestjs/common';
import { readAppConfig, type AppConfig } from './app-config.js';
import { createApp } from './create-app.js';
import { changeLevelOnSignal } from './logging/level-on-signal.js';
import { newLogger } from './logging/json-logger.js';
import { openOutput } from './logging/output.js';
import { startTracing } from './tracing/start-tracing.js';
import { endOnSignals, endOnUncaughtErrors, stopOnSignals } from './stop.js';

const output = openOutput(1);

/** Starts an application as a process of its own, and ends the process with it. */
export async function start(
  env: NodeJS.ProcessEnv,
  moduleOf: (config: AppConfig) => DynamicModule,
): Promise<void> {
  try {
    await listen(readAppConfig(env), moduleOf);
  } catch (error) {
    newLogger('info', output).fatal(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

async function listen(
  config: AppConfig,
  moduleOf: (config: AppConfig) => DynamicModule,
): Promise<void> {
  const logger = newLogger(config.logLevel, output);
  endOnUncaughtErrors(logger);
  changeLevelOnSignal(logger);
  const leaveSignals = endOnSignals();
  try {
    const stopTracing = config.isTraced ? await startTracing() : null;
    const app = await createApp(moduleOf(config), logger, config);
    const end = async (): Promise<void> => {
      await app.close();
      // Last, so that the spans of the end are sent too. A collector that is away must not fail the stop.
      await stopTracing?.().catch((error: unknown) => {
        logger.warn({ err: error }, 'The last spans could not be sent');
      });
    };
    stopOnSignals(end, logger, config.shutdownDelayMs);
    leaveSignals();
    await app.listen(config.port, config.host);
    logger.info(
      { url: await app.getUrl(), startedInMs: Math.round(performance.now()) },
      'Listening',
    );
  } catch (error) {
    logger.fatal({ err: error }, 'Cannot start');
    process.exit(1);
  }
}

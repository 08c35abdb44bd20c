import 'reflect-metadata';
import { destination } from 'pino';
import { readAppConfig, type AppConfig } from './app/app-config.js';
import { createApp } from './app/create-app.js';
import { newLogger } from './app/logging/json-logger.js';
import { endOnSignals, endOnUncaughtErrors, stopOnSignals } from './app/stop.js';

const output = destination({ fd: 1, sync: true });

async function start(config: AppConfig): Promise<void> {
  const logger = newLogger(config.logLevel, output);
  endOnUncaughtErrors(logger);
  const leaveSignals = endOnSignals();
  try {
    const app = await createApp(config, logger);
    stopOnSignals(app, logger, config.shutdownDelayMs);
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

try {
  await start(readAppConfig(process.env));
} catch (error) {
  newLogger('info', output).fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

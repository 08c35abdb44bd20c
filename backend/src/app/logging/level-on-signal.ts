import type { Logger } from 'pino';

const SIGNAL = 'SIGUSR2';

/** Sets the level to `debug` at the signal `SIGUSR2`, and back at the next one. The process goes on. */
export function changeLevelOnSignal(logger: Logger): void {
  const usual = logger.level;
  process.on(SIGNAL, () => {
    const level = logger.level === usual ? 'debug' : usual;
    logger.level = level;
    logger[level === 'debug' ? 'debug' : 'warn']({ level }, 'The level of the log was changed');
  });
}

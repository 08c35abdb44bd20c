import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newLogger } from './json-logger.js';
import { openOutput } from './output.js';

describe('the output of the log', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    folder = mkdtempSync(join(tmpdir(), 'output-'));
    file = join(folder, 'log');
  });
  afterEach(() => {
    jest.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  const texts = (): unknown[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { msg: unknown }).msg);

  it('has lines in their order, some milliseconds later at the latest', () => {
    const logger = newLogger('info', openOutput(file));
    logger.info('one');
    jest.advanceTimersByTime(15);
    logger.info('two');
    jest.advanceTimersByTime(5);
    expect(texts()).toEqual(['one', 'two']);
    logger.info('three');
    jest.advanceTimersByTime(20);
    expect(texts()).toEqual(['one', 'two', 'three']);
  });

  it('has a warning, and what was said before, as soon as its turn is over', async () => {
    const logger = newLogger('info', openOutput(file));
    logger.info('one');
    logger.warn('two');
    logger.info('three');
    await new Promise((resolve) => setImmediate(resolve));
    expect(texts()).toEqual(['one', 'two', 'three']);
  });

  it('has at once why a process ends, and what was said before', () => {
    const logger = newLogger('info', openOutput(file));
    logger.info('one');
    logger.fatal('the end');
    expect(texts()).toEqual(['one', 'the end']);
  });

  it('does not gather more than a bound', () => {
    const logger = newLogger('info', openOutput(file));
    for (let i = 0; i < 2_000; i++) logger.info('a line that is written before its turn is over');
    expect(texts().length).toBeGreaterThan(1_000);
  });
});

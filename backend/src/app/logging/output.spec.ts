import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

  it('keeps lines for a disk that is full, and says how many were lost once there is room', () => {
    const logger = newLogger('info', openOutput(file));
    const write = fs.writeSync;
    const text = 'x'.repeat(1_000);
    let isFull = true;
    fs.writeSync = ((...args: Parameters<typeof write>) => {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      return write(...args);
    }) as typeof write;
    try {
      logger.info('the first one');
      jest.advanceTimersByTime(20);
      for (let i = 0; i < 2_000; i++) logger.info(text);
      jest.advanceTimersByTime(20);
      logger.fatal('it does not end');
      expect(texts()).toEqual([]);
      isFull = false;
      logger.info('there is room');
      jest.advanceTimersByTime(20);
      logger.info('the last one');
      jest.advanceTimersByTime(20);
    } finally {
      fs.writeSync = write;
    }
    const found = texts();
    expect(found[0]).toBe('the first one');
    expect(found.at(-1)).toBe('the last one');
    const kept = found.filter((one) => one === text).length;
    expect(kept).toBeGreaterThan(500);
    const told = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => line.includes('Lines of the log were lost'));
    expect(JSON.parse(told ?? '{}')).toMatchObject({ level: 'warn', lost: 2_000 - kept });
  });
});

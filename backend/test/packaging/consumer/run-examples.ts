// Runs the examples of the pages, one after the other. scripts/test-pack/page-examples.mjs writes them beside this file,
// and examples.json: which they are, and where each of their lines stands in a page.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { openStage, type Scene, type Stage } from './scene.js';

interface Example {
  readonly page: string;
  /** Beside this file, as compiled. */
  readonly file: string;
  readonly text: string;
  /** Where each line of the file stands in the page. */
  readonly places: readonly number[];
}

/** When an example hangs. */
const EXAMPLE_MS = 60_000;
const say = console.log.bind(console);

const examples = JSON.parse(readFileSync('examples.json', 'utf8')) as Example[];

/** What is said of a file, as said of its page. */
function inPages(text: string): string {
  const place = /\S*\/(examples\/[\w-]+\/[\w.-]+\.m?)[jt]s:(\d+):\d+/g;
  return text.replace(place, (all, path: string, line: string) => {
    const example = examples.find(({ file }) => file === `${path}js`);
    return example === undefined ? all : `${example.page}:${example.places[Number(line) - 1]}`;
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function runOne({ file, text }: Example, stage: Stage): Promise<void> {
  const example = (await import(`./${file}`)) as { run(scene: Scene): Promise<void> };
  await example.run({ ...stage.scene, text });
}

async function main(): Promise<void> {
  const stage = await openStage();
  for (const example of examples) {
    const began = performance.now();
    try {
      await within(EXAMPLE_MS, runOne(example, stage));
    } catch (error) {
      process.exitCode = 1;
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      say(`${example.page}:${example.places[0]}: ${inPages(told)}`);
    }
    await stage.clear();
    if (process.env['TIMES'] === '1')
      say(`${example.page}:${example.places[0]} ${Math.round(performance.now() - began)} ms`);
  }
  await stage.end();
  say('CLOSED');
}

await main();

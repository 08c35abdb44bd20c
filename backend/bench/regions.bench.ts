import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OWN_WORLD } from '../test/support/namespaces.js';
import { optionsOf, positiveNumber } from './common/arguments.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { formatTable } from './common/table.js';
import {
  inPeace,
  primaryKilled,
  regionLost,
  regionLostLater,
  regionMoved,
  type Fact,
} from './regions/rehearsal.js';
import { TwoRegions } from './regions/world.js';

/** Each of these breaks something, and has regions of its own. */
const PARTS: Readonly<Record<string, readonly ((world: TwoRegions) => Promise<Fact[]>)[]>> = {
  peace: [inPeace, primaryKilled],
  lost: [regionLost],
  later: [regionLostLater],
  moved: [regionMoved],
};
const INSIDE = 'REGIONS_PART';

const { delay, json } = optionsOf('bench:regions', {
  delay: positiveNumber(40, 'milliseconds from one region to the other'),
  json: JSON_FILE,
});
const inside = process.env[INSIDE];
if (inside === undefined) {
  const facts = Object.keys(PARTS).flatMap(inOwnNetwork);
  console.log(`${String(delay)} ms from one region to the other\n`);
  console.log(
    formatTable(
      ['what', 'figure'],
      facts.map(({ what, figure }) => [what, figure]),
    ),
  );
  writeJson(json, { delayMs: delay, facts });
} else {
  console.log(JSON.stringify(await rehearse(PARTS[inside] ?? [])));
  process.exit(0);
}

/** Runs a part in a network namespace of its own. */
function inOwnNetwork(part: string): Fact[] {
  const [command = '', ...words] = OWN_WORLD;
  const again = [...process.execArgv, ...process.argv.slice(1)];
  const { status, stdout } = spawnSync(command, [...words, process.execPath, ...again], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, [INSIDE]: part },
  });
  if (status !== 0) throw new TypeError(`the rehearsal "${part}" failed`);
  return JSON.parse(stdout) as Fact[];
}

async function rehearse(
  parts: readonly ((world: TwoRegions) => Promise<Fact[]>)[],
): Promise<Fact[]> {
  const folder = mkdtempSync(join(tmpdir(), 'regions-'));
  try {
    const world = await TwoRegions.open(folder, delay);
    const facts: Fact[] = [];
    for (const part of parts) facts.push(...(await part(world)));
    await world.close();
    return facts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

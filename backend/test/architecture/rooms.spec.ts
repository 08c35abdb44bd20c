import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const library = join(root, 'backend', 'src', 'redis');

/** The room list as .dependency-cruiser.cjs writes it down. */
function listedRooms(): string[] {
  const config = readFileSync(join(root, '.dependency-cruiser.cjs'), 'utf8');
  const list = /const ROOMS = \[([^\]]*)\]/.exec(config)?.[1] ?? '';
  return [...list.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '');
}

function folders(): string[] {
  return readdirSync(library, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

describe('the rooms of the library', () => {
  it('are all known to .dependency-cruiser.cjs, which says who may import whom', () => {
    expect([...listedRooms()].sort()).toEqual([...folders()].sort());
  });

  it('are listed once each', () => {
    expect(new Set(listedRooms()).size).toBe(listedRooms().length);
  });

  it('have a door: an index.ts that exports name by name', () => {
    for (const room of folders()) {
      const door = readFileSync(join(library, room, 'index.ts'), 'utf8');
      expect({ room, exportsStar: /^export \*/m.test(door) }).toEqual({ room, exportsStar: false });
    }
  });
});

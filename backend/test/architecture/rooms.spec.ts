import { existsSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const library = join(root, 'backend', 'src', 'redis');
const MAX_FILES_PER_ROOM = 18;

/** The room list as .dependency-cruiser.cjs writes it down. */
function listedRooms(): string[] {
  const config = readFileSync(join(root, '.dependency-cruiser.cjs'), 'utf8');
  const list = /const ROOMS = \[([^\]]*)\]/.exec(config)?.[1] ?? '';
  return [...list.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '');
}

function entries(): Dirent[] {
  return readdirSync(library, { withFileTypes: true, recursive: true });
}

function isProduction(entry: Dirent): boolean {
  return entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts');
}

/** Production files by the room they lie in, without those of the rooms inside it. */
function filesByRoom(): Map<string, string[]> {
  const rooms = new Map<string, string[]>();
  for (const entry of entries().filter(isProduction)) {
    const room = relative(library, entry.parentPath).split(sep).join('/');
    rooms.set(room, [...(rooms.get(room) ?? []), entry.name]);
  }
  return rooms;
}

describe('the rooms of the library', () => {
  it('are all known to .dependency-cruiser.cjs, which says who may import whom', () => {
    const rooms = [...filesByRoom().keys()].filter((room) => room !== '');
    expect([...listedRooms()].sort()).toEqual(rooms.sort());
  });

  it('are listed once each', () => {
    expect(new Set(listedRooms()).size).toBe(listedRooms().length);
  });

  it('come after the rooms inside them, on which their own files stand', () => {
    const rooms = listedRooms();
    const early = rooms.filter((room, at) =>
      rooms.slice(at + 1).some((later) => later.startsWith(`${room}/`)),
    );
    expect(early).toEqual([]);
  });

  it('have a door, an index.ts that exports name by name, unless they lie inside another room', () => {
    const rooms = listedRooms();
    for (const room of rooms) {
      const isInner = rooms.some((outer) => room.startsWith(`${outer}/`));
      const door = join(library, room, 'index.ts');
      expect({ room, hasDoor: existsSync(door) }).toEqual({ room, hasDoor: !isInner });
      const exportsStar = !isInner && /^export \*/m.test(readFileSync(door, 'utf8'));
      expect({ room, exportsStar }).toEqual({ room, exportsStar: false });
    }
  });

  it(`hold at most ${String(MAX_FILES_PER_ROOM)} production files each`, () => {
    const crowded = [...filesByRoom()].filter(([, files]) => files.length > MAX_FILES_PER_ROOM);
    expect(crowded).toEqual([]);
  });

  it('have no two files of one name, apart from doors', () => {
    const source = join(root, 'backend', 'src');
    const names = readdirSync(source, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => basename(entry.name))
      .filter((name) => name !== 'index.ts');
    const twice = names.filter((name, at) => names.indexOf(name) !== at);
    expect(twice).toEqual([]);
  });
});

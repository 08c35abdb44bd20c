import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { versionBeside } from './version.js';

const OURS = resolve(__dirname, '../../../package.json');
const { version } = JSON.parse(readFileSync(OURS, 'utf8')) as { version: string };
const above = mkdtempSync(join(tmpdir(), 'version-'));

afterAll(() => {
  rmSync(above, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(above, path)), { recursive: true });
  writeFileSync(join(above, path), text);
}

describe('the version', () => {
  it('is that of the package, where it is installed', () => {
    put('installed/cjs/package.json', '{ "type": "commonjs" }');
    cpSync(OURS, join(above, 'installed/package.json'));
    expect(versionBeside(join(above, 'installed/cjs/cli/program.js'))).toBe(version);
  });

  it('is that of the checkout, whatever lies above it', () => {
    put('package.json', '{ "name": "of-somebody", "version": "9.9.9" }');
    cpSync(OURS, join(above, 'checkout/backend/package.json'));
    for (const program of ['scripts/program.mjs', 'dist/app/cli/program.js']) {
      expect(versionBeside(join(above, 'checkout', program))).toBe(version);
    }
  });
});

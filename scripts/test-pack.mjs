// @ts-check
// `npm run test:pack`: packs the library and installs it in fresh applications, the way a stranger would.
// KEEP=1 leaves the applications in place and says where they are.
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram, howToInstall } from './lib/ensure-programs.mjs';
import { nodeBinaries } from './lib/node-binaries.mjs';
import { at, root } from './lib/paths.mjs';
import { npmCommand, stopChildrenOnSignals } from './lib/processes.mjs';
import {
  LINKED,
  makeFolder,
  OF_EXAMPLES,
  OF_PAGES,
  TRACED,
  WITH_CONSUMERS,
  WITH_OPTIONAL_PEERS,
  WITH_TERMINUS,
  WITHOUT_OPTIONAL_PEERS,
} from './test-pack/applications.mjs';
import { makeExamplesFolder, runExampleFolders } from './test-pack/example-folders.mjs';
import { importTimes } from './test-pack/import-times.mjs';
import { checkPage, sizeOf } from './test-pack/package-page.mjs';
import { commandsOf } from './test-pack/page-commands.mjs';
import { tryExamples } from './test-pack/page-examples.mjs';
import { runAndExit } from './test-pack/run-and-exit.mjs';
import { makeTestedFolder, runUnitTests, WITH_UNIT_TESTS } from './test-pack/unit-tests.mjs';
import { capture, check, sideBySide, total, verdict } from './test-pack/verdicts.mjs';

/**
 * @typedef {import('./test-pack/applications.mjs').Application} Application
 * @typedef {import('./test-pack/package-page.mjs').Packed} Packed
 * @typedef {import('./test-pack/run-and-exit.mjs').NodeBinary} NodeBinary
 */

// An installation waits for the disk and the registry, the programs for their clusters.
const AT_ONCE = availableParallelism() + 1;

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

const scratch = mkdtempSync(join(tmpdir(), 'redis-ha-pack-'));
const clone = join(scratch, 'nestjs-redis-ha');
const [npm, npmLeading] = npmCommand();
/** @type {{ name: string, version: string, exports: Record<string, unknown> }} */
const manifest = JSON.parse(readFileSync(at('backend', 'package.json'), 'utf8'));

/** What the README says to type in a clone: builds the library, and leaves the tarball in the clone. */
async function buildAsThePageSays() {
  symlinkSync(root, clone);
  const { inClone } = commandsOf('README.md');
  return await check(`README.md, in the clone: ${inClone}`, 'sh', ['-c', inClone], { cwd: clone });
}

/** The tarball for all other applications, and what npm says of it. */
async function pack() {
  const args = [...npmLeading, 'pack', at('dist', 'lib'), '--json', '--pack-destination', scratch];
  const { code, stdout, stderr } = await capture(npm, args, { cwd: root });
  if (!verdict('npm pack', code === 0 ? undefined : stdout + stderr)) return undefined;
  const answer = JSON.parse(stdout);
  /** @type {Packed} */
  const packed = Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
  return { packed, tarball: join(scratch, packed.filename) };
}

/** @param {Packed} packed @param {string} tarball */
async function checkPackage(packed, tarball) {
  if (await check('the tarball can be unpacked', 'tar', ['-xzf', tarball, '-C', scratch])) {
    checkPage(packed, join(scratch, 'package'));
  }
  const publint = at('node_modules', 'publint', 'src', 'cli.js');
  await check('publint', process.execPath, [publint, 'run', tarball, '--strict']);
  const attw = at('node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  await check('are the types wrong', process.execPath, [attw, tarball, '--no-color', '--no-emoji']);
}

/**
 * A fresh install must be silent about peers: a warning on every install is what users remember.
 * @param {string} name
 * @param {string} folder
 * @param {string} command
 * @param {string[]} args
 */
async function install(name, folder, command, args) {
  const { code, stdout, stderr } = await capture(command, args, { cwd: folder });
  const complaint = code !== 0 || /ERESOLVE|nestjs-redis-ha/.test(stderr);
  return verdict(name, complaint ? stdout + stderr : undefined);
}

/** @param {string} folder @param {string[]} flags */
const npmInstall = (folder, ...flags) =>
  install('npm install', folder, npm, [...npmLeading, 'install', ...QUIETLY, ...flags]);

/**
 * @param {string} folder
 * @param {string[]} flags
 */
const compile = (folder, ...flags) => compileAs('tsc', folder, 'tsconfig.json', ...flags);

/**
 * @param {string} name
 * @param {string} folder
 * @param {string} project
 * @param {string[]} flags
 */
function compileAs(name, folder, project, ...flags) {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(folder, project), ...flags];
  return check(name, process.execPath, args, { cwd: folder });
}

/** @param {Application} application @param {string} tarball @param {NodeBinary[]} nodes */
async function tryApplication(application, tarball, nodes) {
  const folder = makeFolder(scratch, application, `file:${tarball}`);
  if (!(await npmInstall(folder)) || !(await compile(folder))) return;
  for (const node of nodes) {
    await runAndExit(node, ['built/main.js'], folder);
    const { version, binary } = node;
    await check(`one class, import first, on ${version}`, binary, ['one-class.mjs'], {
      cwd: folder,
    });
    await check(`one class, require first, on ${version}`, binary, ['one-class.cjs'], {
      cwd: folder,
    });
  }
}

/** @param {string} tarball @param {NodeBinary[]} nodes */
async function tryWithoutOptionalPeers(tarball, nodes) {
  const folder = makeFolder(scratch, WITHOUT_OPTIONAL_PEERS, `file:${tarball}`);
  if (!(await npmInstall(folder))) return;
  for (const node of nodes) {
    await runAndExit(node, ['without-optional-peers.mjs'], folder);
    await tryProgram(node, folder);
  }
}

/**
 * The program of the package, as it is installed: a cluster of its own, looked at, moved and ended.
 * @param {NodeBinary} node
 * @param {string} folder
 */
async function tryProgram({ version, binary }, folder) {
  const program = join(folder, 'node_modules', '.bin', 'nestjs-redis-ha');
  const type = async (/** @type {string[]} */ ...words) =>
    check(`nestjs-redis-ha ${words.join(' ')}, on ${version}`, binary, [program, ...words], {
      cwd: folder,
    });
  await type('--help');
  if (!(await type('cluster', 'up'))) return;
  // Whether it works, not how fast: others run beside it.
  await type('drill', 'switchover', '--yes', '--slo-gap', '1m', '--slo-errors', '1000');
  await type('cluster', 'down');
}

/** OpenTelemetry patches ioredis when it is required: it must be, however the library is loaded. @param {Application} application @param {string} tarball @param {NodeBinary} node */
async function tryTraced(application, tarball, node) {
  const folder = makeFolder(scratch, application, `file:${tarball}`);
  if (!(await npmInstall(folder))) return;
  for (const way of ['require', 'import']) await runAndExit(node, ['tracing.cjs', way], folder);
}

/** @param {Application} application @param {string} tarball @param {NodeBinary[]} nodes */
async function tryWithOptionalPeers(application, tarball, nodes) {
  const folder = makeFolder(scratch, application, `file:${tarball}`);
  if (!(await npmInstall(folder)) || !(await compileAs('tsc', folder, 'tsconfig.optional.json')))
    return;
  for (const node of nodes) await runAndExit(node, ['built/optional-entries.js'], folder);
}

/** @param {Application} application @param {string} tarball @param {NodeBinary} node */
async function tryConsumers(application, tarball, node) {
  const folder = makeFolder(scratch, application, `file:${tarball}`);
  if (!(await npmInstall(folder)) || !(await compileAs('tsc', folder, 'tsconfig.consumers.json')))
    return;
  await runAndExit(node, ['built/consumers.js'], folder);
}

/**
 * An application that has NestJS gets the library by the command of a page, and nothing else.
 * @param {(typeof OF_PAGES)[number]} of
 * @param {NodeBinary} node
 */
async function tryPage({ page, application }, node) {
  const folder = makeFolder(scratch, application);
  if (!(await npmInstall(folder))) return;
  const { inClone, inApplication, example } = commandsOf(page);
  const inReadme = commandsOf('README.md').inClone;
  verdict(
    `${page} builds as README.md does`,
    inClone === inReadme ? undefined : `${inClone}\n${inReadme}`,
  );
  if (!(await install(`${page}: ${inApplication}`, folder, 'sh', ['-c', inApplication]))) return;
  writeFileSync(join(folder, 'example-of-page.ts'), example);
  await compileAs(`${page}: its first example compiles`, folder, 'tsconfig.page.json');
  if (await compile(folder)) await runAndExit(node, ['built/main.js'], folder);
}

/**
 * Like `npm link`: node_modules holds a symbolic link. Peers come from the application, so links are not followed.
 * @param {NodeBinary} node
 */
async function tryLinkedFolder(node) {
  cpSync(at('dist', 'lib'), join(scratch, 'library'), { recursive: true });
  const folder = makeFolder(scratch, LINKED, 'file:../library');
  if (!(await npmInstall(folder, '--install-links=false'))) return;
  if (!(await compile(folder, '--preserveSymlinks'))) return;
  await runAndExit(node, ['--preserve-symlinks', 'built/main.js'], folder);
}

/** @param {(typeof OF_EXAMPLES)[number]} of @param {string} tarball @param {NodeBinary} node */
async function tryExamplesIn({ application, page }, tarball, node) {
  const folder = makeFolder(scratch, application, `file:${tarball}`);
  if (await npmInstall(folder)) await tryExamples(folder, node, page);
}

/** @param {string} tarball */
async function tryExampleFolders(tarball) {
  const folder = makeExamplesFolder(scratch, `file:${tarball}`);
  if (await npmInstall(folder)) await runExampleFolders(folder);
}

/** @param {(typeof WITH_UNIT_TESTS)[number]} application @param {string} tarball */
async function tryUnitTests(application, tarball) {
  const folder = makeTestedFolder(scratch, application, `file:${tarball}`);
  if (await npmInstall(folder)) await runUnitTests(application, folder);
}

/** Figures, not judged. @param {Packed} packed */
async function reportFigures(packed) {
  console.log(`\nsize: ${sizeOf(packed)}`);
  const [application] = WITH_OPTIONAL_PEERS;
  const folder = join(scratch, application?.name ?? '');
  if (!existsSync(join(folder, 'node_modules', 'nestjs-redis-ha'))) return;
  const entries = Object.keys(manifest.exports)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => join('nestjs-redis-ha', entry));
  console.log(`first import, ${process.version}, median, in multiples of @nestjs/common alone:`);
  for (const [name = '', ...cells] of await importTimes(folder, entries)) {
    console.log(
      `  ${name.padEnd(28)} ${cells
        .map((cell) => cell.padEnd(26))
        .join(' ')
        .trimEnd()}`,
    );
  }
}

/**
 * The applications, those that take longest first, and what is seen of the package without one.
 * @param {{ packed: Packed, tarball: string }} packing
 * @param {NodeBinary[]} nodes
 * @returns {[name: string, work: () => Promise<void>][]}
 */
function groupsOf({ packed, tarball }, nodes) {
  const own = { version: process.version, binary: process.execPath };
  return [
    group(WITHOUT_OPTIONAL_PEERS, () => tryWithoutOptionalPeers(tarball, nodes)),
    group({ name: 'the tarball' }, () => checkPackage(packed, tarball)),
    ...OF_EXAMPLES.map((one) => group(one.application, () => tryExamplesIn(one, tarball, own))),
    group({ name: 'examples' }, () => tryExampleFolders(tarball)),
    ...WITH_UNIT_TESTS.map((one) => group(one, () => tryUnitTests(one, tarball))),
    ...WITH_TERMINUS.map((one) => group(one, () => tryApplication(one, tarball, nodes))),
    ...WITH_OPTIONAL_PEERS.map((one) =>
      group(one, () => tryWithOptionalPeers(one, tarball, nodes)),
    ),
    ...WITH_CONSUMERS.map((one) => group(one, () => tryConsumers(one, tarball, own))),
    ...TRACED.map((one) => group(one, () => tryTraced(one, tarball, own))),
    ...OF_PAGES.map((one) => group(one.application, () => tryPage(one, own))),
    group(LINKED, () => tryLinkedFolder(own)),
  ];
}

/**
 * @param {{ readonly name: string }} application
 * @param {() => Promise<void>} work
 * @returns {[name: string, work: () => Promise<void>]}
 */
const group = ({ name }, work) => [name, () => work().finally(() => void removeFolder(name))];

/** Beside the next ones: all together are over a hundred thousand files, which take minutes in the end. @param {string} name */
async function removeFolder(name) {
  const isMeasured = name === WITH_OPTIONAL_PEERS[0]?.name;
  if (process.env.KEEP === '1' || isMeasured) return;
  // What is left is removed at the end.
  await rm(join(scratch, name), { recursive: true, force: true }).catch(() => undefined);
}

async function main() {
  await ensureDependencies();
  if ((await ensureProgram('redis')) === undefined) {
    verdict(
      'redis-server',
      `redis-server is missing. To install it, type: ${howToInstall('redis')}`,
    );
    return;
  }
  console.log('package');
  // It waits for the registry.
  const binaries = nodeBinaries(join(scratch, 'node'));
  if (!(await buildAsThePageSays())) return;
  const answer = await pack();
  if (answer === undefined) return;
  const { found, missing } = await binaries;
  verdict(
    `Node versions: ${found.map(({ version }) => version).join(' ')}`,
    missing.length > 0 ? `could not be installed: ${missing.join(' ')}` : undefined,
  );
  await sideBySide(groupsOf(answer, found), AT_ONCE);
  await reportFigures(answer.packed);
}

/** What the command of the README leaves in the clone goes again, unless it was there before. */
const tarballInClone = at(`${manifest.name}-${manifest.version}.tgz`);
const wasThere = existsSync(tarballInClone);

function cleanUp() {
  if (!wasThere) rmSync(tarballInClone, { force: true });
  if (process.env.KEEP !== '1') rmSync(scratch, { recursive: true, force: true });
}

stopChildrenOnSignals();
process.on('exit', cleanUp);
await main();
if (process.env.KEEP === '1') console.log(`\nThe applications are in ${scratch}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

// @ts-check
// `npm run test:pack`: packs the library and installs it in fresh applications, the way a stranger would.
// KEEP=1 leaves the applications in place and says where they are.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram, howToInstall } from './lib/ensure-programs.mjs';
import { nodeBinaries } from './lib/node-binaries.mjs';
import { at, root } from './lib/paths.mjs';
import { npmCommand, run, start, stop, stopChildrenOnSignals } from './lib/processes.mjs';

const MINUTE = 60_000;
const EXIT_WITHIN_MS = 5_000;
const CONSUMER = at('backend', 'test', 'packaging', 'consumer');

const TOOLS = { typescript: '6.0.3', '@types/node': '^20.19.0' };
const NEST_12 = nest('12', '12');
const NEST_11 = nest('11', '11');

/**
 * @typedef {object} Application
 * @property {string} name
 * @property {string} type of its modules
 * @property {Record<string, string>} dependencies
 * @property {object} [overrides]
 */
/** @typedef {readonly { version: string | undefined, binary: string }[]} Nodes */
/** @typedef {Parameters<typeof run>[2]} RunOptions */

/**
 * @param {string} version
 * @param {string} terminus
 * @returns {Record<string, string>}
 */
function nest(version, terminus) {
  const packages = ['common', 'core', 'platform-express'].map((name) => [
    `@nestjs/${name}`,
    `^${version}.0.0`,
  ]);
  return {
    ...Object.fromEntries(packages),
    '@nestjs/terminus': `^${terminus}.0.0`,
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.2',
  };
}

const APPLICATIONS = [
  { name: 'nest12-esm', type: 'module', dependencies: { ...NEST_12, ioredis: '^6.0.0' } },
  { name: 'nest12-cjs', type: 'commonjs', dependencies: { ...NEST_12, ioredis: '^6.0.0' } },
  {
    name: 'nest12-cjs-ioredis5',
    type: 'commonjs',
    dependencies: { ...NEST_12, ioredis: '^5.4.0' },
  },
  {
    name: 'nest11-cjs-ioredis5.4',
    type: 'commonjs',
    dependencies: { ...NEST_11, ioredis: '5.4.0' },
  },
  {
    name: 'nest11-cjs-ioredis6',
    type: 'commonjs',
    dependencies: { ...NEST_11, ioredis: '^6.0.0' },
  },
];

// What the document says of @liaoliaots/nestjs-redis, which asks for Nest 10 and ioredis 5.
const OVERRIDES = {
  '@liaoliaots/nestjs-redis': {
    '@nestjs/common': '$@nestjs/common',
    '@nestjs/core': '$@nestjs/core',
    ioredis: '$ioredis',
  },
};
const OPTIONAL_PEERS = { '@liaoliaots/nestjs-redis': '^10.0.0', 'prom-client': '^15.0.0' };
const WITH_OPTIONAL_PEERS = [
  { name: 'nest12-esm-optional', type: 'module', nest: NEST_12, ioredis: '^6.0.0' },
  { name: 'nest12-cjs-optional', type: 'commonjs', nest: NEST_12, ioredis: '^6.0.0' },
  { name: 'nest11-cjs-optional-ioredis5.4', type: 'commonjs', nest: NEST_11, ioredis: '5.4.0' },
].map(({ nest, ioredis, ...application }) => ({
  ...application,
  dependencies: { ...nest, ioredis, ...OPTIONAL_PEERS },
  overrides: OVERRIDES,
}));

const scratch = mkdtempSync(join(tmpdir(), 'redis-ha-pack-'));
const total = { passed: 0, failed: 0 };
const [npm, npmLeading] = npmCommand();

/**
 * @param {string} name
 * @param {string | undefined} problem why it failed
 */
function verdict(name, problem) {
  if (problem === undefined) total.passed += 1;
  else total.failed += 1;
  console.log(
    problem === undefined ? `  ok      ${name}` : `  FAILED  ${name}\n${indent(problem)}`,
  );
  return problem === undefined;
}

/** @param {string} text */
const indent = (text) => text.trim().replace(/^/gm, '          ');
/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
const capture = (command, args, options) =>
  run(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeoutMs: 3 * MINUTE, ...options });

/**
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
async function check(name, command, args, options = {}) {
  const { code, stdout, stderr, timedOut } = await capture(command, args, options);
  const problem = timedOut ? `stopped, it took too long\n${stdout}${stderr}` : `${stdout}${stderr}`;
  return verdict(name, code === 0 ? undefined : problem || `exit code ${code}`);
}

async function pack() {
  const built = await check('build', process.execPath, [at('scripts', 'build-lib.mjs')], {
    cwd: root,
  });
  if (!built) return undefined;
  const args = [...npmLeading, 'pack', at('dist', 'lib'), '--json', '--pack-destination', scratch];
  const { code, stdout, stderr } = await capture(npm, args, { cwd: root });
  if (!verdict('npm pack', code === 0 ? undefined : stdout + stderr)) return undefined;
  const answer = JSON.parse(stdout);
  const [packed] = Array.isArray(answer) ? answer : Object.values(answer);
  /** @type {string[]} */
  const files = packed.files.map((/** @type {{ path: string }} */ { path }) => path);
  const strays = files.filter(
    (path) => !/^(esm|cjs)\/|^(package\.json|README\.md|LICENSE)$/.test(path) || /spec/.test(path),
  );
  verdict(
    'the package holds what it should',
    strays.length > 0 ? `strays: ${strays.join(' ')}` : undefined,
  );
  return join(scratch, packed.filename);
}

/** @param {string} tarball */
async function checkManifest(tarball) {
  await check('publint', process.execPath, [
    at('node_modules', 'publint', 'src', 'cli.js'),
    'run',
    tarball,
    '--strict',
  ]);
  const attw = at('node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  await check('are the types wrong', process.execPath, [attw, tarball, '--no-color', '--no-emoji']);
}

/**
 * @param {Application} application
 * @param {string} library
 */
function makeFolder({ name, type, dependencies, overrides }, library) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  cpSync(CONSUMER, folder, { recursive: true });
  const manifest = {
    name,
    private: true,
    type,
    dependencies: { ...dependencies, 'nestjs-redis-ha': library },
  };
  const all = { ...manifest, devDependencies: TOOLS, overrides };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(all, null, 2)}\n`);
  return folder;
}

/**
 * A fresh install must be silent about peers: a warning on every install is what users remember.
 * @param {string} folder
 * @param {string[]} flags
 */
async function install(folder, ...flags) {
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...flags];
  const { code, stdout, stderr } = await capture(npm, [...npmLeading, ...args], { cwd: folder });
  const complaint = code !== 0 || /ERESOLVE|nestjs-redis-ha/.test(stderr);
  return verdict('npm install', complaint ? stdout + stderr : undefined);
}

/**
 * Runs a program that prints CLOSED when it is done; it must then end by itself, soon.
 * @param {string} name
 * @param {string} binary
 * @param {readonly string[]} args
 * @param {string} folder
 */
async function runAndExit(name, binary, args, folder) {
  const child = start(binary, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  /** @type {number | undefined} */
  let closedAt;
  /** @type {string | undefined} */
  let problem;
  const giveUp = (/** @type {string} */ reason) => {
    problem = reason;
    void stop(child);
  };
  let timer = setTimeout(() => giveUp('stopped, it took too long'), MINUTE / 2);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (closedAt !== undefined || !/^CLOSED$/m.test(output)) return;
      closedAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => giveUp('it did not exit after closing'), EXIT_WITHIN_MS);
    });
  }
  const { code } = await child.ended;
  clearTimeout(timer);
  if (code !== 0 || closedAt === undefined) problem ??= `exit code ${code}`;
  const tail = closedAt === undefined ? '' : ` (exit ${Date.now() - closedAt} ms after closing)`;
  return verdict(`${name}${tail}`, problem === undefined ? undefined : `${problem}\n${output}`);
}

/**
 * @param {Application} application
 * @param {string} tarball
 * @param {Nodes} nodes
 */
async function tryApplication(application, tarball, nodes) {
  console.log(`\n${application.name}`);
  const folder = makeFolder(application, `file:${tarball}`);
  if (!(await install(folder))) return;
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!(await check('tsc', process.execPath, [tsc, '-p', folder], { cwd: folder }))) return;
  for (const { version, binary } of nodes) {
    await runAndExit(`runs and exits on ${version}`, binary, ['built/main.js'], folder);
    await check(`one class, import first, on ${version}`, binary, ['one-class.mjs'], {
      cwd: folder,
    });
    await check(`one class, require first, on ${version}`, binary, ['one-class.cjs'], {
      cwd: folder,
    });
  }
}

/**
 * @param {string} tarball
 * @param {Nodes} nodes
 */
async function tryWithoutOptionalPeers(tarball, nodes) {
  const name = 'nest12-without-optional-peers';
  console.log(`\n${name}`);
  /** @type {Record<string, string>} */
  const dependencies = { ...NEST_12, ioredis: '^6.0.0' };
  delete dependencies['@nestjs/terminus'];
  const folder = makeFolder({ name, type: 'module', dependencies }, `file:${tarball}`);
  if (!(await install(folder))) return;
  const args = ['without-optional-peers.mjs'];
  for (const { version, binary } of nodes) {
    await runAndExit(`runs and exits on ${version}`, binary, args, folder);
  }
}

/**
 * @param {Application} application
 * @param {string} tarball
 * @param {Nodes} nodes
 */
async function tryWithOptionalPeers(application, tarball, nodes) {
  console.log(`\n${application.name}`);
  const folder = makeFolder(application, `file:${tarball}`);
  if (!(await install(folder))) return;
  const compile = [
    join(folder, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(folder, 'tsconfig.optional.json'),
  ];
  if (!(await check('tsc', process.execPath, compile, { cwd: folder }))) return;
  for (const { version, binary } of nodes) {
    await runAndExit(`runs and exits on ${version}`, binary, ['built/optional-entries.js'], folder);
  }
}

/** Like `npm link`: node_modules holds a symbolic link. Peers come from the application, so links are not followed. */
async function tryLinkedFolder() {
  console.log('\nlinked-folder');
  const dependencies = { ...NEST_12, ioredis: '^6.0.0' };
  const application = { name: 'linked-folder', type: 'module', dependencies };
  cpSync(at('dist', 'lib'), join(scratch, 'library'), { recursive: true });
  const folder = makeFolder(application, 'file:../library');
  if (!(await install(folder, '--install-links=false'))) return;
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const compile = [tsc, '-p', folder, '--preserveSymlinks'];
  if (!(await check('tsc', process.execPath, compile, { cwd: folder }))) return;
  const args = ['--preserve-symlinks', 'built/main.js'];
  await runAndExit(`runs and exits on ${process.version}`, process.execPath, args, folder);
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
  const tarball = await pack();
  if (tarball === undefined) return;
  await checkManifest(tarball);
  const { found, missing } = await nodeBinaries(join(scratch, 'node'));
  verdict(
    `Node versions: ${found.map(({ version }) => version).join(' ')}`,
    missing.length > 0 ? `could not be installed: ${missing.join(' ')}` : undefined,
  );
  for (const application of APPLICATIONS) await tryApplication(application, tarball, found);
  await tryWithoutOptionalPeers(tarball, found);
  for (const one of WITH_OPTIONAL_PEERS) await tryWithOptionalPeers(one, tarball, found);
  await tryLinkedFolder();
}

stopChildrenOnSignals();
await main();
if (process.env.KEEP === '1') console.log(`\nThe applications are in ${scratch}`);
else rmSync(scratch, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

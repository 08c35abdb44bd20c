// The rooms of the library in the order data flows. A room imports rooms before it in this list, never
// after, and only through their index.ts; types count as imports. A room comes after the rooms inside it:
// its own files stand on them. testing/ is last, and nothing may use it.
// backend/test/architecture/rooms.spec.ts compares this list with the folders on disk.
const ROOMS = [
  'base/errors',
  'base/json',
  'base/files',
  'base/timing',
  'base/collections',
  'base/crypto',
  'base/address',
  'base/events',
  'base/operations',
  'base/stats',
  'base/options',
  'config',
  'cluster/connection/handshake',
  'cluster/connection/wire',
  'cluster/connection/raw',
  'cluster/connection',
  'cluster/topology/sources',
  'cluster/topology',
  'cluster/switchover',
  'commands/table',
  'commands/operations',
  'commands/shared',
  'commands/dedicated',
  'commands/subscriptions',
  'commands',
  'hot-keys',
  'near-keys',
  'keyspace/store',
  'keyspace/breaker',
  'keyspace/journal/disk',
  'keyspace/journal',
  'keyspace',
  'engine',
  'cache/values',
  'cache/loading',
  'cache/warming',
  'cache',
  'nest',
  'sessions/record',
  'sessions/archive',
  'sessions/service',
  'sessions/stores',
  'sessions',
  'health',
  'metrics',
  'tracing',
  'liaoliaots',
  'lab',
  'testing/time',
  'testing/net',
  'testing/fake',
  'testing/cluster',
  'testing/lua',
  'testing/data',
  'testing/memory',
  'testing',
];

// The rooms that are entries of the package beside the main one, for applications. testing/ is one for tests.
const ENTRIES = ['health', 'metrics', 'tracing', 'liaoliaots'];

const REDIS = '^backend/src/redis/';
const FRONT_DOOR = `${REDIS}index[.]ts$`;
const APP = '^backend/src/(app/|main[.]ts$)';
const SPEC = '[.]spec[.]ts$';
// The program of the package. What its commands stand on, in the order of the flow.
const CLI = '^backend/src/cli/';
const CLI_FRAME = ['screen', 'frame', 'reach'];
// What knows Nest: the door nest/, and in other rooms the files with one of Nest's own suffixes.
const NEST_FILE = `${REDIS}(nest/|.*[.](module|service|guard|controller|indicator|decorator)[.]ts$)`;
// Packages that an application need not have, and the room that alone may import them.
const OPTIONAL_PEERS = [
  { peer: '@nestjs/terminus', room: 'health' },
  { peer: 'prom-client', room: 'metrics' },
  { peer: '@opentelemetry/api', room: 'tracing' },
  { peer: '@liaoliaots/nestjs-redis', room: 'liaoliaots' },
];
const npm = (name) => `(^|/)node_modules/${name}/`;
/** The files of a room itself, without those of the rooms inside it. */
const filesOf = (room) => `${REDIS}${room}/[^/]+$`;
const inAny = (rooms) => `${REDIS}(${rooms.join('|')})/[^/]+$`;
// A room inside a room has no door: it is private to the outer one, whose files may open each of its files.
const DOORED = ROOMS.filter((room) => !ROOMS.some((outer) => room.startsWith(`${outer}/`)));

const flow = ROOMS.slice(0, -1).map((room, position) => ({
  name: `flow-${room.replace('/', '-')}`,
  severity: 'error',
  comment: `${room}/ may only import rooms that come before it`,
  from: { path: filesOf(room), pathNot: SPEC },
  to: { path: inAny(ROOMS.slice(position + 1)) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...flow,
    {
      name: 'rooms-do-not-know-the-front-door',
      severity: 'error',
      comment: 'index.ts is for those who use the package',
      from: { path: REDIS, pathNot: SPEC },
      to: { path: FRONT_DOOR },
    },
    ...DOORED.map((room) => ({
      name: `door-of-${room.replace('/', '-')}`,
      severity: 'error',
      comment: `who is not in ${room}/ enters it by its index.ts`,
      from: { path: REDIS, pathNot: [`${REDIS}${room}/`, SPEC] },
      to: { path: `${REDIS}${room}/`, pathNot: `${REDIS}${room}/index[.]ts$` },
    })),
    {
      name: 'production-never-imports-testing',
      severity: 'error',
      comment: 'lab/ starts servers on this machine: for tests, and for the program',
      from: { path: '^backend/src/', pathNot: [`${REDIS}(testing|lab)/`, CLI, SPEC] },
      to: { path: `${REDIS}(testing|lab)/` },
    },
    {
      name: 'nobody-imports-specs',
      severity: 'error',
      from: {},
      to: { path: SPEC },
    },
    {
      name: 'app-uses-the-public-api',
      severity: 'error',
      comment:
        'the sample application uses what the package publishes: the index.ts of redis/, health/, metrics/, tracing/ and liaoliaots/',
      from: { path: APP, pathNot: SPEC },
      to: { path: `${REDIS}.+`, pathNot: `${REDIS}((${ENTRIES.join('|')})/)?index[.]ts$` },
    },
    {
      name: 'library-never-imports-app',
      severity: 'error',
      from: { path: REDIS },
      to: { path: APP },
    },
    {
      name: 'nobody-imports-the-program',
      severity: 'error',
      comment: 'cli/ is a program beside the library and the application',
      from: { path: '^backend/src/', pathNot: [CLI, SPEC] },
      to: { path: CLI },
    },
    {
      name: 'the-program-enters-by-doors',
      severity: 'error',
      comment: 'cli/ uses rooms of the library by their index.ts',
      from: { path: CLI, pathNot: SPEC },
      to: { path: REDIS, pathNot: 'index[.]ts$' },
    },
    {
      name: 'the-program-knows-no-nest',
      severity: 'error',
      comment: 'it begins in the time of a blink, and runs where there is no application',
      from: { path: CLI, pathNot: SPEC },
      to: { path: npm('@nestjs'), reachable: true },
    },
    ...CLI_FRAME.map((room, position) => ({
      name: `flow-cli-${room}`,
      severity: 'error',
      comment: `cli/${room}/ may only import screen, frame and reach before it, and no command`,
      from: { path: `${CLI}${room}/`, pathNot: SPEC },
      to: { path: `${CLI}(?!(${CLI_FRAME.slice(0, position + 1).join('|')})/)` },
    })),
    {
      name: 'commands-do-not-know-each-other',
      severity: 'error',
      comment: 'what two commands need is a folder without one of those',
      from: { path: CLI, pathNot: '/commands[.]ts$' },
      to: { path: `${CLI}[^/]+/[^/]+[.]command[.]ts$`, dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'ioredis-only-in-connection',
      severity: 'error',
      comment: 'take clients and their types from cluster/connection/index.ts',
      from: { path: '^backend/src/', pathNot: [`${REDIS}cluster/connection/`, SPEC] },
      to: { path: npm('ioredis') },
    },
    {
      name: 'nest-only-at-the-door',
      severity: 'error',
      comment: "inside the library only nest/ and files with one of Nest's suffixes know Nest",
      from: { path: REDIS, pathNot: [NEST_FILE, SPEC] },
      to: { path: npm('@nestjs') },
    },
    ...OPTIONAL_PEERS.flatMap(({ peer, room }) => [
      {
        name: `${room}-alone-knows-its-peer`,
        severity: 'error',
        comment: `${peer} is an optional peer: only ${room}/ may know it`,
        from: { path: REDIS, pathNot: [filesOf(room), SPEC] },
        to: { path: npm(peer) },
      },
      {
        name: `main-entry-loads-without-the-peer-of-${room}`,
        severity: 'error',
        comment: `the package must work where ${peer} is not installed`,
        from: { path: FRONT_DOOR },
        to: { path: npm(peer), reachable: true },
      },
    ]),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'imports-resolve',
      severity: 'error',
      comment: 'a dependency that cannot be found cannot be checked either',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

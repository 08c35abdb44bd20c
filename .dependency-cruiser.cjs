// The rooms of the library in the order data flows. A room imports rooms before it in this list, never
// after, and only through their index.ts; types count as imports. testing/ is last and may also use the
// front door (index.ts and redis.*.ts); nothing may use testing/.
// backend/test/architecture/rooms.spec.ts compares this list with the folders on disk.
const ROOMS = [
  'errors',
  'timing',
  'config',
  'events',
  'meters',
  'connection',
  'topology',
  'routing',
  'switchover',
  'fallback',
  'cache',
  'sessions',
  'health',
  'observability',
  'liaoliaots',
  'testing',
];

// The rooms that are entries of the package beside the main one, for applications. testing/ is one for tests.
const ENTRIES = ['health', 'observability', 'liaoliaots'];

const REDIS = '^backend/src/redis/';
const FRONT_DOOR = `${REDIS}(index|redis[.][^/]+)[.]ts$`;
const APP = '^backend/src/(app/|main[.]ts$)';
const SPEC = '[.]spec[.]ts$';
// Nest adapters inside a room (health/redis.*.ts) belong to the front door.
const NEST_FILE = '/redis[.][^/]+$';
// Packages that an application need not have, and the room whose Nest adapters may import them.
const OPTIONAL_PEERS = [
  { peer: '@nestjs/terminus', room: 'health' },
  { peer: 'prom-client', room: 'observability' },
  { peer: '@liaoliaots/nestjs-redis', room: 'liaoliaots' },
];
const npm = (name) => `(^|/)node_modules/${name}/`;

const flow = ROOMS.slice(0, -1).map((room, position) => ({
  name: `flow-${room}`,
  severity: 'error',
  comment: `${room}/ may only import rooms that come before it`,
  from: { path: `${REDIS}${room}/`, pathNot: SPEC },
  to: { path: `${REDIS}(${ROOMS.slice(position + 1).join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...flow,
    {
      name: 'rooms-do-not-know-the-front-door',
      severity: 'error',
      comment: 'only testing/ and Nest adapters (redis.*.ts) may import index.ts or redis.*.ts',
      from: { path: `${REDIS}[^/]+/`, pathNot: [`${REDIS}testing/`, NEST_FILE, SPEC] },
      to: { path: FRONT_DOOR },
    },
    {
      name: 'enter-rooms-by-the-door',
      severity: 'error',
      comment: 'import another room through its index.ts',
      from: { path: `${REDIS}([^/]+)/`, pathNot: SPEC },
      to: { path: `${REDIS}[^/]+/.+`, pathNot: [`${REDIS}$1/`, `${REDIS}[^/]+/index[.]ts$`] },
    },
    {
      name: 'front-door-enters-rooms-by-the-door',
      severity: 'error',
      comment: 'import a room through its index.ts',
      from: { path: FRONT_DOOR },
      to: { path: `${REDIS}[^/]+/.+`, pathNot: `${REDIS}[^/]+/index[.]ts$` },
    },
    {
      name: 'production-never-imports-testing',
      severity: 'error',
      from: { path: '^backend/src/', pathNot: [`${REDIS}testing/`, SPEC] },
      to: { path: `${REDIS}testing/` },
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
        'the sample application uses what the package publishes: the index.ts of redis/, health/, observability/ and liaoliaots/',
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
      name: 'ioredis-only-in-connection',
      severity: 'error',
      comment: 'take clients and their types from connection/index.ts',
      from: { path: '^backend/src/', pathNot: [`${REDIS}connection/`, SPEC] },
      to: { path: npm('ioredis') },
    },
    {
      name: 'nest-only-in-redis-dot-files',
      severity: 'error',
      comment: 'inside the library only files named redis.*.ts know Nest',
      from: { path: REDIS, pathNot: [NEST_FILE, SPEC] },
      to: { path: npm('@nestjs') },
    },
    ...OPTIONAL_PEERS.flatMap(({ peer, room }) => [
      {
        name: `${room}-alone-knows-its-peer`,
        severity: 'error',
        comment: `${peer} is an optional peer: only ${room}/redis.*.ts may know it`,
        from: { path: REDIS, pathNot: [`${REDIS}${room}/redis[.][^/]+$`, SPEC] },
        to: { path: npm(peer) },
      },
      {
        name: `main-entry-loads-without-the-peer-of-${room}`,
        severity: 'error',
        comment: `the package must work where ${peer} is not installed`,
        from: { path: `${REDIS}index[.]ts$` },
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

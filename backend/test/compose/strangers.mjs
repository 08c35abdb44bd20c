// @ts-check
// Who does not belong: without a password nobody does anything on any port, with the password of the application nobody
// does more than an application has to, and with TLS nobody gets as far as asking.
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { NODES, SENTINELS } from './support/cluster.mjs';
import { expect, within } from './support/runner.mjs';

/** @typedef {import('./support/cluster.mjs').Cluster} Cluster */
/** @typedef {readonly [name: string, ...command: string[]]} Try */

const HELLO =
  '192.0.2.1,26379,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,9999,mymaster,192.0.2.1,6379,9999';

/** @type {readonly Try[]} */
const ON_NODES = [
  ['reads a value', 'GET', 'a'],
  ['writes a value', 'SET', 'a', '1'],
  ['lists keys', 'SCAN', '0'],
  ['throws everything away', 'FLUSHALL'],
  ['runs a script', 'EVAL', 'return 1', '0'],
  [
    'loads a function',
    'FUNCTION',
    'LOAD',
    '#!lua name=a\nredis.register_function("a", function() end)',
  ],
  ['looks at the server', 'INFO'],
  ['looks at its settings', 'CONFIG', 'GET', '*'],
  ['changes where it writes', 'CONFIG', 'SET', 'dir', '/data'],
  ['looks at clients', 'CLIENT', 'LIST'],
  ['cuts clients', 'CLIENT', 'KILL', 'TYPE', 'normal'],
  ['holds writes', 'CLIENT', 'PAUSE', '10000', 'WRITE'],
  ['looks at users', 'ACL', 'LIST'],
  ['makes a user', 'ACL', 'SETUSER', 'intruder', 'on', 'nopass', '~*', '+@all'],
  ['makes it a replica of its own server', 'REPLICAOF', '192.0.2.1', '6379'],
  ['makes it a primary', 'REPLICAOF', 'NO', 'ONE'],
  ['copies everything as a replica', 'PSYNC', '?', '-1'],
  ['listens to all commands', 'MONITOR'],
  ['loads a module', 'MODULE', 'LOAD', '/data/a.so'],
  ['asks for a debugger', 'DEBUG', 'SLEEP', '0'],
  ['ends it', 'SHUTDOWN', 'NOSAVE'],
  ['speaks as a Sentinel', 'PUBLISH', '__sentinel__:hello', HELLO],
  ['listens to Sentinels', 'SUBSCRIBE', '__sentinel__:hello'],
];
/** @type {readonly Try[]} */
const ON_SENTINELS = [
  ['looks at the groups', 'SENTINEL', 'MASTERS'],
  ['asks who the primary is', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'],
  ['asks for a failover', 'SENTINEL', 'FAILOVER', 'mymaster'],
  ['lets it watch another primary', 'SENTINEL', 'MONITOR', 'other', '192.0.2.1', '6379', '1'],
  ['changes a group', 'SENTINEL', 'SET', 'mymaster', 'quorum', '1'],
  ['makes it forget a group', 'SENTINEL', 'REMOVE', 'mymaster'],
  ['makes it forget what it has learnt', 'SENTINEL', 'RESET', '*'],
  ['speaks as another Sentinel', 'PUBLISH', '__sentinel__:hello', HELLO],
  ['votes', 'SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '192.0.2.1', '6379', '9999', '*'],
  ['listens to events', 'SUBSCRIBE', '+switch-master'],
  ['ends it', 'SHUTDOWN'],
];
/** What the application does not have to do, and may not. @type {readonly string[]} */
const NOT_FOR_APPLICATIONS = [
  ...[
    'throws everything away',
    'looks at its settings',
    'changes where it writes',
    'looks at clients',
    'cuts clients',
    'holds writes',
  ],
  ...[
    'looks at users',
    'makes a user',
    'makes it a replica of its own server',
    'makes it a primary',
  ],
  ...[
    'copies everything as a replica',
    'listens to all commands',
    'loads a module',
    'asks for a debugger',
    'ends it',
  ],
  ...[
    'speaks as a Sentinel',
    'listens to Sentinels',
    'asks for a failover',
    'lets it watch another primary',
  ],
  ...[
    'changes a group',
    'makes it forget a group',
    'makes it forget what it has learnt',
    'speaks as another Sentinel',
  ],
  'votes',
];

// What Redis lets nobody do it refuses before it asks who it is.
const FORBIDDEN = /^-ERR (MODULE|DEBUG) command not allowed/;

/**
 * What a server answers to the last of these commands, in one line, on a connection of its own. No client is between: it
 * would say something by itself.
 * @param {Cluster} cluster
 * @param {string} service
 * @param {readonly (readonly string[])[]} commands
 */
async function answerTo(cluster, service, commands) {
  const where = { host: '127.0.0.1', port: cluster.port(service) };
  const { tls } = cluster.tlsOf();
  const socket = tls === undefined ? connectTcp(where) : connectTls({ ...where, ...tls });
  let heard = '';
  /** @type {Promise<string>} */
  const answered = new Promise((resolve) => {
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text;
      const lines = heard.split('\r\n');
      if (lines.length > commands.length) resolve(lines[commands.length - 1] ?? '');
    });
    socket.once('error', (error) => resolve(`error: ${error.message}`));
    socket.once('close', () => resolve(`closed after: ${heard}`));
  });
  for (const words of commands) {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join('')}`);
  }
  return await within(5000, `${service} to answer`, answered).finally(() => socket.destroy());
}

/**
 * @param {Cluster} cluster
 * @param {readonly string[]} services
 * @param {readonly Try[]} tries
 */
async function refusedEverywhere(cluster, services, tries) {
  for (const service of services) {
    await Promise.all(
      tries.map(async ([name, ...command]) => {
        const said = await answerTo(cluster, service, [command]);
        const isRefused = said.startsWith('-NOAUTH') || FORBIDDEN.test(said);
        expect(isRefused, `${service}: who ${name} gets: ${said}`);
      }),
    );
    const said = await answerTo(cluster, service, [['AUTH', 'app', 'not it']]);
    expect(said.startsWith('-WRONGPASS'), `${service}: a wrong password gets: ${said}`);
  }
}

/**
 * @param {Cluster} cluster
 * @param {string} service
 * @param {readonly Try[]} tries
 */
async function refusedToApplications(cluster, service, tries) {
  const side = SENTINELS.includes(service) ? 'sentinel' : 'redis';
  const login = ['AUTH', 'app', cluster.password('app', side)];
  const some = tries.filter(([name]) => NOT_FOR_APPLICATIONS.includes(name));
  for (const [name, ...command] of some) {
    const said = await answerTo(cluster, service, [login, command]);
    const isRefused = said.startsWith('-NOPERM') || FORBIDDEN.test(said);
    expect(isRefused, `${service}: an application that ${name} gets: ${said}`);
  }
  return some.length;
}

/**
 * What comes back from a port before anybody has logged in, or why nothing does.
 * @param {import('node:net').Socket} socket
 */
async function wordFrom(socket) {
  /** @type {Promise<string>} */
  const heard = new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString('latin1')));
    socket.once('error', (error) => resolve(`error: ${error.message}`));
    socket.once('close', () => resolve('closed'));
  });
  socket.write('PING\r\n');
  return await within(5000, 'an answer or an end', heard).finally(() => socket.destroy());
}

/** @param {Cluster} cluster */
async function withoutCertificate(cluster) {
  const { tls } = cluster.tlsOf();
  if (tls === undefined) return;
  // Signed by nobody that the servers trust: of another cluster.
  const stranger = {
    cert: readFileSync(cluster.secret('stranger', 'app', 'client.crt'), 'utf8'),
    key: readFileSync(cluster.secret('stranger', 'app', 'client.key'), 'utf8'),
  };
  for (const service of [...NODES, ...SENTINELS]) {
    const port = cluster.port(service);
    const plain = await wordFrom(connectTcp(port, '127.0.0.1'));
    expect(!/^[+-]/.test(plain), `${service} answers without TLS: ${plain}`);
    for (const [who, own] of Object.entries({
      'no certificate': {},
      'a wrong certificate': stranger,
    })) {
      const said = await wordFrom(connectTls({ host: '127.0.0.1', port, ca: tls.ca, ...own }));
      expect(!/^[+-]/.test(said), `${service} answers a client with ${who}: ${said}`);
    }
    const right = await wordFrom(connectTls({ host: '127.0.0.1', port, ...tls }));
    expect(/NOAUTH/.test(right), `${service} says to the right certificate: ${right}`);
  }
}

/**
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {Cluster} cluster
 */
export async function strangers(runner, cluster) {
  const count = ON_NODES.length + ON_SENTINELS.length;
  await runner.check(
    `without a password nobody does anything: ${count} things tried`,
    async (note) => {
      await refusedEverywhere(cluster, NODES, ON_NODES);
      await refusedEverywhere(cluster, SENTINELS, ON_SENTINELS);
      note(`${count * 3} tries, all refused`);
    },
  );
  await runner.check('an application may do nothing that is for operators', async (note) => {
    const tried =
      (await refusedToApplications(cluster, await cluster.agreedPrimary(), ON_NODES)) +
      (await refusedToApplications(cluster, 'sentinel-1', ON_SENTINELS));
    note(`${tried} tries, all refused`);
  });
  if (!cluster.isTls) return;
  await runner.check(
    'a client without TLS, without a certificate or with a wrong one gets nothing',
    () => withoutCertificate(cluster),
  );
}

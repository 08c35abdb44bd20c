import { CliError } from '../frame/index.js';
import type { Fields } from '../reach/index.js';
import { hashOf, type Member } from './member.js';
import type { Step } from './undoable-steps.js';

/** A password that a server logs in with by itself: to its primary, to a node, to another Sentinel. */
interface Login {
  readonly member: Member;
  /** What is used now. It is known where the server tells it, and never shown. */
  readonly password: string;
  readonly set: readonly string[];
}

/** What is asked for: the user whose password changes, and both passwords. */
export interface Change {
  readonly user: string;
  readonly newPassword: string;
  /** `null` where nobody gave it. */
  readonly oldPassword: string | null;
}

/** The members that log in by themselves, and where. */
export interface LoginScene {
  /** Those whose user is changed. */
  readonly members: readonly Member[];
  readonly sentinels: readonly Member[];
  readonly masterName: string | null;
}

/**
 * The steps that make servers log in with the new password: replicas at their primary, Sentinels at the nodes, or at each
 * other.
 *
 * @throws {@link CliError} where one could not be taken back, since the old password is not known here
 */
export async function loginSteps(scene: LoginScene, change: Change): Promise<Step[]> {
  const isOfNodes = scene.members.some(({ side }) => side === 'nodes');
  const logins = isOfNodes
    ? [...(await loginsOfReplicas(scene, change)), ...(await loginsOfSentinels(scene, change))]
    : await loginsBetweenSentinels(scene, change);
  return logins
    .filter(({ password }) => password !== change.newPassword)
    .map(({ member: { server, name }, password, set }) => {
      const [command = '', ...words] = set;
      return {
        server: name,
        run: () => server.tryAsk(command, ...words, change.newPassword),
        undo: () => server.tryAsk(command, ...words, password),
      };
    });
}

/** Which nodes still log in at their primary with another password. */
export async function lateReplicas(scene: LoginScene, change: Change): Promise<string[]> {
  const logins = await loginsOfReplicas(scene, change);
  return logins
    .filter(({ password }) => password !== change.newPassword)
    .map(({ member }) => member.name);
}

async function loginsOfReplicas({ members }: LoginScene, { user }: Change): Promise<Login[]> {
  const logins: Login[] = [];
  for (const member of members.filter(({ side }) => side === 'nodes')) {
    const config = await configOf(member);
    const password = config.get('masterauth') ?? '';
    const as = config.get('masteruser') ?? '';
    if (password === '' || (as === '' ? 'default' : as) !== user) continue;
    logins.push({ member, password, set: ['config', 'set', 'masterauth'] });
  }
  return logins;
}

// Sentinel does not tell whom it logs in as. The nodes do: each Sentinel is connected to them all the time.
async function loginsOfSentinels(
  { members, sentinels, masterName }: LoginScene,
  change: Change,
): Promise<Login[]> {
  const [first] = members;
  if (sentinels.length === 0 || first === undefined || masterName === null) return [];
  const clients = String(await first.server.ask('client', 'list'));
  const lines = clients.split('\n').filter((line) => / name=sentinel-/.test(line));
  if (!lines.some((line) => line.split(' ').includes(`user=${change.user}`))) return [];
  const password = await oldPasswordOf(members, change);
  const set = ['sentinel', 'set', masterName, 'auth-pass'];
  return sentinels.map((member) => ({ member, password, set }));
}

async function loginsBetweenSentinels(
  { sentinels }: LoginScene,
  { user }: Change,
): Promise<Login[]> {
  const logins: Login[] = [];
  for (const member of sentinels) {
    const said = await member.server.ask('sentinel', 'config', 'get', 'sentinel-*');
    const config = fieldsOf(said);
    const as = config.get('sentinel-user') ?? '';
    const password = config.get('sentinel-pass') ?? '';
    if (password === '' || (as === '' ? 'default' : as) !== user) continue;
    logins.push({ member, password, set: ['sentinel', 'config', 'set', 'sentinel-pass'] });
  }
  return logins;
}

/** The password that is valid now, from whoever knows it: to go back to it where a Sentinel refuses in the middle. */
async function oldPasswordOf(
  members: readonly Member[],
  { user, oldPassword, newPassword }: Change,
): Promise<string> {
  const valid = new Set(members.flatMap(({ hashes }) => hashes));
  const known = [oldPassword, ...(await Promise.all(members.map(masterauthOf)))];
  const found = known.find((one) => one !== null && one !== newPassword && valid.has(hashOf(one)));
  if (found !== undefined && found !== null) return found;
  throw CliError.misused(
    `Sentinels log in as ${user}, and its old password is not known here: it could not be taken back`,
    'Give it with --old-password-file',
  );
}

async function masterauthOf(member: Member): Promise<string | null> {
  const password = (await configOf(member)).get('masterauth') ?? '';
  return password === '' ? null : password;
}

async function configOf({ server }: Member): Promise<Fields> {
  return fieldsOf(await server.ask('config', 'get', 'master*'));
}

function fieldsOf(said: unknown): Fields {
  const words = Array.isArray(said) ? said.map(String) : [];
  return new Map(
    words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : [])),
  );
}

import { readFileSync } from 'node:fs';
import { safeMessage } from '../../redis/base/errors/index.js';
import {
  CliError,
  type CommandIo,
  confirm,
  defineCommand,
  EXIT,
  type ExitCode,
} from '../frame/index.js';
import { CONNECTION_OPTIONS, connectionFrom, survey } from '../reach/index.js';
import { drawTable } from '../screen/index.js';
import { type Change, lateReplicas, loginSteps } from './logins.js';
import { hashOf, type Keeping, type Side } from './member.js';
import { type Members, openMembers } from './open-members.js';
import { type Step, takeSteps } from './undoable-steps.js';

const PARTS = ['begin', 'finish', 'status'] as const;
const SIDES = ['nodes', 'sentinels'] as const;
const SHORTEST = 16;

/** `rotate begin|finish|status <user>` */
export const command = defineCommand({
  summary: 'Replace the password of a user on every server, without a call that fails',
  details:
    'begin: a second password becomes valid on every server, and replicas and Sentinels that log in as this user are given it. Then give it to your applications. finish: all others become invalid. status: how many are valid, and where. Where a server refuses in the middle, what was done is taken back. Passwords come from files, and are never shown. Servers of the shipped Compose file have their users in files: there it is deploy/redis/rotate.sh.',
  arguments: [
    { name: 'what', about: 'what is done', words: PARTS },
    { name: 'user', about: 'the user of ACL USERS; or default' },
  ],
  options: {
    on: {
      kind: 'choice',
      words: SIDES,
      about: 'whose user it is: of the data nodes (which it is else), or of the Sentinels',
    },
    'new-password-file': {
      kind: 'text',
      value: 'file',
      isPath: true,
      about: `the new password: one line, ${String(SHORTEST)} letters or more (openssl rand -base64 32)`,
    },
    'old-password-file': {
      kind: 'text',
      value: 'file',
      isPath: true,
      about: 'begin: the present one, where it cannot be found out',
    },
    yes: { kind: 'flag', short: 'y', about: 'do not ask' },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    ['rotate begin app --new-password-file new', 'then give it to the applications'],
    ['rotate status app --new-password-file new', 'is it valid everywhere?'],
    ['rotate finish app --new-password-file new', 'the old one is good for nothing'],
  ],
  exits: [
    [EXIT.done, 'done; status: one password is valid, the same everywhere'],
    [EXIT.unwell, 'status: a rotation is under way, or servers differ'],
    [EXIT.failed, 'it could not be done; what was done was taken back'],
    [EXIT.unconfirmed, 'nobody confirmed it'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ words: [what = 'status', user = ''], options }, io) => {
    const side: Side = options.on ?? 'nodes';
    const newPassword = readPassword('new-password-file', options['new-password-file'], SHORTEST);
    const oldPassword = readPassword('old-password-file', options['old-password-file'], 1);
    const redis = connectionFrom(options, io);
    if (what !== 'status' && newPassword === null) {
      throw CliError.misused(`rotate ${what} needs the new password`, 'Give --new-password-file');
    }
    const members = await openMembers(redis, await survey(redis, io.now), { side, user });
    const change = { user, newPassword: newPassword ?? '', oldPassword };
    const run = { members, change, io, isJson: options.json, isConfirmed: options.yes };
    try {
      if (what === 'status') return showStatus(run, newPassword);
      return await (what === 'begin' ? begin(run) : finish(run));
    } finally {
      members.close();
    }
  },
});

interface Run {
  readonly members: Members;
  readonly change: Change;
  readonly io: CommandIo;
  readonly isJson: boolean;
  readonly isConfirmed: boolean;
}

async function begin(run: Run): Promise<ExitCode> {
  const { members, change } = run;
  const { user, newPassword } = change;
  const hash = hashOf(newPassword);
  const busy = members.members.find(
    ({ hashes }) => hashes.filter((one) => one !== hash).length > 1,
  );
  if (busy !== undefined) {
    throw new CliError(
      `${user} has more than one password on ${busy.name} already`,
      'End that rotation first: rotate finish, with the one that is to stay',
    );
  }
  const allowing = members.members
    .filter(({ hashes }) => !hashes.includes(hash))
    .map((member): Step => {
      const { name: server } = member;
      return {
        server,
        run: () => member.allow(user, hash),
        undo: () => member.forbid(user, hash),
      };
    });
  const steps = [...allowing, ...(await loginSteps(members, change))];
  const what = `A second password of ${user} becomes valid on ${countOf(members)}.`;
  const done = `a second password of ${user} is valid on ${countOf(members)}`;
  return take(run, steps, { what, done });
}

async function finish(run: Run): Promise<ExitCode> {
  const { members, change } = run;
  const { user, newPassword } = change;
  const hash = hashOf(newPassword);
  const without = members.members.filter(({ hashes }) => !hashes.includes(hash));
  if (without.length > 0) {
    const names = without.map(({ name }) => name).join(', ');
    throw new CliError(`the new password is not valid on ${names}`, 'Run rotate begin to its end');
  }
  const late = await lateReplicas(members, change);
  if (late.length > 0) {
    throw new CliError(
      `${late.join(', ')} would log in at the primary with another password`,
      'Run rotate begin once more, to its end',
    );
  }
  const steps = members.members.flatMap((member) =>
    member.hashes
      .filter((old) => old !== hash)
      .map((old): Step => {
        const { name: server } = member;
        return {
          server,
          run: () => member.forbid(user, old),
          undo: () => member.allow(user, old),
        };
      }),
  );
  const what = `Every password of ${user} but the new one becomes invalid on ${countOf(members)}. Who has the old one cannot log in any more.`;
  const done = `the new password of ${user} is the only one on ${countOf(members)}`;
  return take(run, steps, { what, done });
}

async function take(
  { members, change, io, isJson, isConfirmed }: Run,
  steps: readonly Step[],
  { what, done }: { readonly what: string; readonly done: string },
): Promise<ExitCode> {
  if (steps.length > 0) {
    await confirm({ what, word: change.user, option: 'yes', isGiven: isConfirmed }, io);
  }
  const kept = new Map<string, Keeping>();
  const keep = async (): Promise<void> => {
    for (const member of members.members) kept.set(member.name, await member.keep());
  };
  await takeSteps(steps, { keep, signal: io.signal });
  const forgetful = [...kept].filter(([, where]) => where === 'memory').map(([name]) => name);
  if (isJson) {
    const servers = members.members.map(({ name }) => name);
    io.out.line(JSON.stringify({ user: change.user, changed: steps.length, servers, forgetful }));
    return EXIT.done;
  }
  io.out.line(steps.length === 0 ? `nothing to do: ${done}` : done);
  if (forgetful.length > 0) {
    io.told.line(
      `${io.told.styles.doubtful('attention')} ${forgetful.join(', ')} has no file for it: write it into its configuration before it is restarted`,
    );
  }
  return EXIT.done;
}

function showStatus(
  { members: { members }, change: { user }, io, isJson }: Run,
  newPassword: string | null,
): ExitCode {
  const hash = newPassword === null ? null : hashOf(newPassword);
  const servers = members.map(({ name, hashes }) => ({
    server: name,
    passwords: hashes.length,
    hasNew: hash === null ? null : hashes.includes(hash),
  }));
  const sets = new Set(members.map(({ hashes }) => [...hashes].sort().join()));
  const isSame = sets.size === 1;
  const isOne = isSame && servers.every(({ passwords }) => passwords === 1);
  if (isJson) io.out.line(JSON.stringify({ user, isSame, isOne, servers }));
  else {
    const rows = servers.map(({ server, passwords, hasNew }) => [
      server,
      String(passwords),
      hasNew === null ? '-' : hasNew ? 'yes' : 'no',
    ]);
    const columns = [
      { title: 'server', isFlexible: true },
      { title: 'passwords', isNumber: true },
      { title: 'new is valid' },
    ];
    for (const line of drawTable(columns, rows, null)) io.out.line(line);
    io.out.line('');
    io.out.line(
      isOne
        ? `${user} has one password, the same everywhere`
        : isSame
          ? `a rotation of ${user} is under way: the same passwords are valid everywhere`
          : `servers differ in what is valid for ${user}: run begin or finish once more`,
    );
  }
  return isOne ? EXIT.done : EXIT.unwell;
}

function countOf({ members }: Members): string {
  const [first] = members;
  const of = first?.side === 'sentinels' ? 'Sentinels' : 'nodes';
  return `${String(members.length)} ${of}`;
}

function readPassword(option: string, file: string | null, shortest: number): string | null {
  if (file === null) return null;
  const text = readText(option, file).replace(/\r?\n$/, '');
  if (text.length >= shortest && !/\s/.test(text)) return text;
  throw CliError.misused(
    `--${option} ${file} holds no password of ${String(shortest)} letters or more in one line`,
    `Make one with: (umask 077 && openssl rand -base64 32 > ${file})`,
  );
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw CliError.misused(
      `--${option} ${file} cannot be read (${safeMessage(error)})`,
      'Name a file',
    );
  }
}

import {
  CliError,
  type CommandIo,
  defineCommand,
  EXIT,
  type ExitCode,
  PROGRAM,
  readDuration,
} from '../frame/index.js';
import { Alertmanager, equal, type Matcher, type Silence } from './alertmanager.js';

const DEFAULT_URL = 'http://127.0.0.1:9093';
const LONGEST = { minMs: 1_000, maxMs: 7 * 86_400_000 } as const;

/** `silence <time> <comment> [label=value ...]` */
export const command = defineCommand({
  summary: 'Silence the alerts of Redis in Alertmanager for a maintenance',
  details:
    'Without labels all of them, but the watchdog, which is never silenced. It ends by itself after the time.',
  arguments: [
    { name: 'time', about: 'how long, such as 30m, 2h or 1d', isOptional: true },
    { name: 'comment', about: 'why, for whoever wonders', isOptional: true },
    {
      name: 'label=value',
      about: 'only alerts with these labels, such as instance=redis-master:6379',
      isOptional: true,
      isMany: true,
    },
  ],
  options: {
    list: { kind: 'flag', about: 'what is silenced now' },
    end: { kind: 'text', value: 'id', about: 'end one before its time; all ends all of ours' },
    alertmanager: {
      kind: 'text',
      value: 'url',
      about: `where it is (else ALERTMANAGER_URL, else ${DEFAULT_URL})`,
    },
    by: { kind: 'text', value: 'name', about: 'who asks (else the name of the user)' },
  },
  examples: [
    ['silence 30m "update of Redis"', 'all of them, for half an hour'],
    ['silence 2h "new disk" instance=redis-master:6379', 'some of them'],
    ['silence --list', 'what is silenced now'],
    ['silence --end all', 'ends all of ours'],
  ],
  run: async ({ words, options }, io) => {
    const { list, end, by, json: isJson } = options;
    const server = alertmanagerOf(options.alertmanager, io);
    const told = { io, isJson };
    if (!list && end === null) {
      return begin(server, readDraft(words), { ...told, by: by ?? io.env['USER'] ?? 'unknown' });
    }
    if (words.length > 0 || (list && end !== null)) {
      throw CliError.misused('--list and --end stand alone', `See ${PROGRAM} silence --help`);
    }
    return end === null ? listAll(server, told) : endSome(server, end, told);
  },
});

function alertmanagerOf(typed: string | null, { env, signal }: CommandIo): Alertmanager {
  return new Alertmanager(urlOf(typed ?? env['ALERTMANAGER_URL'] ?? DEFAULT_URL), signal);
}

interface Telling {
  readonly io: CommandIo;
  readonly isJson: boolean;
}

interface Draft {
  readonly forMs: number;
  readonly comment: string;
  readonly labels: readonly Matcher[];
}

function readDraft([time, comment, ...labels]: readonly string[]): Draft {
  if (time === undefined || comment === undefined || comment.trim() === '') {
    const example = `Write for example: ${PROGRAM} silence 30m "update of Redis"`;
    throw CliError.misused('silence needs <time> and <comment>', example);
  }
  return {
    forMs: readDuration('silence', time, LONGEST),
    comment,
    labels: labels.map(readLabel),
  };
}

function readLabel(text: string): Matcher {
  const [, name, value] = /^([a-zA-Z_]\w*)=(.+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return equal(name, value);
  throw CliError.misused(`"${text}" is no label=value`, 'Write for example environment=production');
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && !text.includes('@')) {
    url.pathname = url.pathname.replace(/\/*$/, '/');
    return url;
  }
  throw CliError.misused('--alertmanager is no address', `Write ${DEFAULT_URL}`);
}

async function begin(
  server: Alertmanager,
  { forMs, comment, labels }: Draft,
  { io, isJson, by }: Telling & { readonly by: string },
): Promise<ExitCode> {
  const now = io.now();
  const [startsAt, endsAt] = [new Date(now), new Date(now + forMs)];
  const id = await server.begin({ startsAt, endsAt, by, comment, labels });
  if (isJson) io.out.line(JSON.stringify({ id, endsAt }));
  else {
    io.out.line(`${id} until ${endsAt.toISOString()}`);
    io.out.line(`To end it early: ${PROGRAM} silence --end ${id}`);
  }
  return EXIT.done;
}

async function endSome(
  server: Alertmanager,
  which: string,
  { io, isJson }: Telling,
): Promise<ExitCode> {
  const ids = which === 'all' ? (await server.ours()).map(({ id }) => id) : [which];
  for (const id of ids) await server.end(id);
  io.out.line(isJson ? JSON.stringify({ ended: ids.length }) : `${String(ids.length)} ended`);
  return EXIT.done;
}

async function listAll(server: Alertmanager, { io, isJson }: Telling): Promise<ExitCode> {
  const silences = await server.ours();
  if (isJson) io.out.line(JSON.stringify({ silences }));
  else for (const one of silences) io.out.line(drawn(one));
  return EXIT.done;
}

function drawn({ id, endsAt, by, comment }: Silence): string {
  return `${id} until ${endsAt} by ${by}: ${comment}`;
}

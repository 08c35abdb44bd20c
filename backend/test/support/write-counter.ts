import { connect } from 'node:net';

// A program of its own that counts at the servers what a drill writes: it listens to MONITOR of every node, over plain
// sockets, and knows nothing of the library. It ends with its input, and prints what it saw.

/** What it is told: one JSON document as its argument. */
interface CounterPlan {
  readonly ports: readonly number[];
  readonly password: string;
  readonly prefix: string;
}

/** What it saw. */
export interface CounterReport {
  /** Different keys that some node wrote. */
  readonly executed: number;
  /** The longest time between the first executions of two of them, in ms. */
  readonly gapMs: number;
  /** Keys that some node wrote, and that never reached the node that has the most of them. */
  readonly lost: number;
}

const RETRY_MS = 20;
const plan = JSON.parse(process.argv[2] ?? '{}') as CounterPlan;
/** When a key was executed first, in ms. */
const first = new Map<string, number>();
const seenBy = new Map<number, Set<string>>(plan.ports.map((port) => [port, new Set()]));
let isOver = false;

function listen(port: number): void {
  if (isOver) return;
  const socket = connect({ host: '127.0.0.1', port });
  let rest = '';
  socket.on('connect', () => socket.write(`AUTH ${plan.password}\r\nMONITOR\r\n`));
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) note(port, line);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => setTimeout(() => listen(port), RETRY_MS).unref());
  socket.unref();
}

function note(port: number, line: string): void {
  const [, at, key] = /^\+([\d.]+) \[[^\]]*\] "set" "([^"]+)"/i.exec(line) ?? [];
  if (at === undefined || key?.startsWith(plan.prefix) !== true) return;
  const ms = Number(at) * 1000;
  seenBy.get(port)?.add(key);
  first.set(key, Math.min(ms, first.get(key) ?? Infinity));
}

function report(): CounterReport {
  const times = [...first.values()].sort((a, b) => a - b);
  const gaps = times.slice(1).map((at, before) => at - (times[before] ?? at));
  // Who took over was a replica all the time: it has seen what it copied, and what it was told itself.
  const [reached = new Set()] = [...seenBy.values()].sort((a, b) => b.size - a.size);
  return {
    executed: first.size,
    gapMs: Math.max(0, ...gaps),
    lost: [...first.keys()].filter((key) => !reached.has(key)).length,
  };
}

for (const port of plan.ports) listen(port);
process.stdin.resume().on('end', () => {
  isOver = true;
  process.stdout.write(`${JSON.stringify(report())}\n`, () => process.exit(0));
});
process.stdout.write('LISTENING\n');

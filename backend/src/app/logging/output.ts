import { destination, type DestinationStream } from 'pino';

/** Opens where the lines go: a file, or standard output. */
export function openOutput(to: string | number): DestinationStream {
  return destination({ dest: to, sync: true });
}

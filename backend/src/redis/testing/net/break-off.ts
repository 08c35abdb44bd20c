import { type Socket } from 'node:net';

/** Ends a connection with a reset, so that the other side sees it broken and not finished. */
export function breakOff(socket: Socket): void {
  // A socket that has sent its end cannot be reset any more: Node reports an error and leaves the handle open.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

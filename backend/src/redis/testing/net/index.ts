export { breakOff } from './break-off.js';
export {
  type FaultDirection,
  type FaultMode,
  FaultProxy,
  type FaultProxyStats,
} from './fault-proxy.js';
export { claimPort, freePort, type PortClaim } from './free-port.js';
export { RespClient, type RespClientOptions } from './resp-client.js';
export { RespErrorReply, RespPush, RespReader, type RespValue, textOfValue } from './resp-codec.js';

export {
  type DataNodeConfig,
  redisConfigFile,
  sentinelConfigFile,
  type SentinelConfig,
} from './cluster-config.js';
export {
  canListen,
  claimPort,
  freePort,
  type PortClaim,
  startServer,
  stopServer,
} from './free-port.js';
export { serverArguments, type ServerPlan, spawnServer } from './spawn-server.js';

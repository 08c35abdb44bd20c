export {
  type DataNodeSettings,
  redisConfigFile,
  sentinelConfigFile,
  type SentinelSettings,
} from './cluster-config.js';
export {
  claimPort,
  freePort,
  type PortClaim,
  startServer,
  stopServer,
  tryToClaim,
} from './free-port.js';
export { serverArguments, type ServerPlan, spawnServer } from './spawn-server.js';

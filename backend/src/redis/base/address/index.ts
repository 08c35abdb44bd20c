export {
  addressKey,
  formatAddress,
  hostFault,
  isHostName,
  isPort,
  isSocketPath,
  parseAddress,
  readAddress,
  sameAddress,
  socketAddress,
  stripBrackets,
  type NodeAddress,
} from './node-address.js';

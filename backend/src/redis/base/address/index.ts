export {
  addressKey,
  formatAddress,
  hostFault,
  isHostName,
  isPort,
  parseAddress,
  readAddress,
  sameAddress,
  stripBrackets,
  type NodeAddress,
} from './node-address.js';

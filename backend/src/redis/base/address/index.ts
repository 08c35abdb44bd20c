export {
  addressKey,
  formatAddress,
  hostFault,
  isPort,
  parseAddress,
  readAddress,
  sameAddress,
  stripBrackets,
  type NodeAddress,
} from './node-address.js';

export {
  addressKey,
  formatAddress,
  hostFault,
  isPort,
  parseAddress,
  readAddress,
  sameAddress,
  stripBrackets,
  type AddressParse,
  type NodeAddress,
} from './node-address.js';

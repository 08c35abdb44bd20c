export { NodeLink } from './node-link.js';
export { broken, RedisRefusal, type Reply, textIn } from './reply-reader.js';

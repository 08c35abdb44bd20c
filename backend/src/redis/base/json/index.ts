export { findJsonFault, type JsonRules, parseJson } from './plain-json.js';
export { isWellFormed } from './well-formed.js';

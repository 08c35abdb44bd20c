export { findJsonFault, type JsonRules, parseJson } from './plain-json.js';

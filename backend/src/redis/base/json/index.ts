export { findJsonFault, type JsonRules } from './plain-json.js';

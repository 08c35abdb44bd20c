export { findJsonFault, type JsonFault, type JsonRules } from './plain-json.js';

import { serve } from '../common/serve.js';
import { nearProcess } from './near-process.js';

serve(nearProcess);

import { serve } from '../common/serve.js';
import { skewedProcess } from './skewed-process.js';

serve(skewedProcess);

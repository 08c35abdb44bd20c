import type { Prices } from '../../app/cost/cost.js';
import { CliError, type Environment } from '../frame/index.js';

/** Prices, and what may be spent. */
export interface Budget extends Prices {
  /** Dollars a month. */
  readonly month: number;
}

/** Options for the prices. */
export const PRICE_OPTIONS = {
  'price-gigabyte': {
    kind: 'text',
    value: '$',
    about: 'a gigabyte of memory a month (10, or PRICE_GIGABYTE_MONTH)',
  },
  'price-core': {
    kind: 'text',
    value: '$',
    about: 'a core a month (20, or PRICE_CORE_MONTH)',
  },
  budget: { kind: 'text', value: '$', about: 'what a month may cost (60, or BUDGET_MONTH)' },
} as const;

type Name = keyof typeof PRICE_OPTIONS;

// Those of the sample backend and of the rules of Prometheus.
const DEFAULTS = {
  'price-gigabyte': { variable: 'PRICE_GIGABYTE_MONTH', dollars: 10 },
  'price-core': { variable: 'PRICE_CORE_MONTH', dollars: 20 },
  budget: { variable: 'BUDGET_MONTH', dollars: 60 },
} as const;

/** Reads prices from what was typed, else from the environment. @throws {@link CliError} `misused` */
export function readBudget(typed: Readonly<Record<Name, string | null>>, env: Environment): Budget {
  const read = (name: Name): number => {
    const { variable, dollars } = DEFAULTS[name];
    const given = typed[name];
    const [what, text] =
      given === null ? [`${variable}=`, (env[variable] ?? '').trim()] : [`--${name} `, given];
    if (text === '') return dollars;
    if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
    throw CliError.misused(
      `${what}${text} is no number of dollars`,
      `Write for example ${String(dollars)} or 9.98`,
    );
  };
  const month = read('budget');
  if (month === 0) throw CliError.misused('a budget of 0 has no shares', 'Write what may be spent');
  return { gigabyteMonth: read('price-gigabyte'), coreMonth: read('price-core'), month };
}

import { replyError, type ERRORS } from './reply-error.js';

const INTEGER = /^(0|-?[1-9]\d{0,18})$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
/** Beyond it a double is not written as a whole number any more. */
const MAX_WHOLE = 2 ** 52;
const EXPONENT_FROM = 1e17;

/** Reads a whole number of 64 bits, as strictly as Redis does. */
export function integer(text: string, otherwise: keyof typeof ERRORS = 'notAnInteger'): bigint {
  if (!INTEGER.test(text)) throw replyError(otherwise);
  const number = BigInt(text);
  if (number > MAX || number < MIN) throw replyError(otherwise);
  return number;
}

/** Reads a whole number that is used as a count or an index. */
export function index(text: string): number {
  return Number(integer(text));
}

/** Reads a count that must not be negative. */
export function positive(text: string): number {
  const number = Number(integer(text, 'notPositive'));
  if (number < 0) throw replyError('notPositive');
  return number;
}

/** Adds whole numbers. Throws where 64 bits do not hold the sum. */
export function sumOf(a: bigint, b: bigint): bigint {
  const sum = a + b;
  if (sum > MAX || sum < MIN) throw replyError('overflow');
  return sum;
}

/** Reads a double. */
export function float(text: string, otherwise: keyof typeof ERRORS = 'notAFloat'): number {
  const sign = INFINITE.exec(text)?.[1];
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity;
  if (!FLOAT.test(text)) throw replyError(otherwise);
  return Number(text);
}

/** Writes a score. */
export function scoreText(score: number): string {
  if (!Number.isFinite(score)) return score > 0 ? 'inf' : '-inf';
  if (Number.isInteger(score) && Math.abs(score) < MAX_WHOLE) return String(score);
  const isLong = Math.abs(score) >= EXPONENT_FROM;
  return (isLong ? score.toExponential() : String(score)).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A decimal number: digits without the point, and how many of them stand behind it. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Adds decimal numbers as they are written, and writes the sum without zeros at its end. */
export function decimalSum(a: string, b: string): string {
  const [left, right] = [decimalOf(a), decimalOf(b)];
  if (left === null || right === null) throw replyError('infinite');
  const scale = Math.max(left.scale, right.scale);
  const widened = ({ digits, scale: own }: Decimal): bigint => digits * 10n ** BigInt(scale - own);
  return decimalText({ digits: widened(left) + widened(right), scale });
}

function decimalOf(text: string): Decimal | null {
  const number = float(text);
  if (!Number.isFinite(number)) return null;
  const [, mantissa = '', exponent = '0'] = /^([^e]*)(?:e(.*))?$/i.exec(text) ?? [];
  const [whole = '', fraction = ''] = mantissa.replace(/^\+/, '').split('.');
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`.replace(/^(-?)$/, '$10'));
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

function decimalText({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const all = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = all.slice(0, all.length - scale);
  const fraction = all.slice(all.length - scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return text === '0' ? text : `${sign}${text}`;
}

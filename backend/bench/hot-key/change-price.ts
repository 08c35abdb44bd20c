import { now } from '../common/clock.js';
import type { Target } from '../drill/load.js';
import { emailOf } from '../drill/requests.js';
import { HOT_PRODUCT } from './rush.js';

const PASSWORD = 'demo-password';
const NEW_PRICE = 4_242;

/** Changes the price of the product that all want, at the first instance. */
export async function changePrice(
  targets: readonly Target[],
): Promise<{ readonly acknowledgedAt: number; readonly price: number }> {
  const base = `http://127.0.0.1:${String(targets[0]?.port)}/api`;
  const headers = { 'Content-Type': 'application/json' };
  const login = await fetch(`${base}/auth/login`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ email: emailOf(1), password: PASSWORD }),
  });
  const { token } = (await login.json()) as { readonly token: string };
  const changed = await fetch(`${base}/products/${String(HOT_PRODUCT)}`, {
    ...{ method: 'PUT', headers: { ...headers, Authorization: `Bearer ${token}` } },
    body: JSON.stringify({ priceCents: NEW_PRICE }),
  });
  if (changed.status !== 200)
    throw new Error(`The price was not changed: ${String(changed.status)}`);
  return { acknowledgedAt: now(), price: NEW_PRICE };
}

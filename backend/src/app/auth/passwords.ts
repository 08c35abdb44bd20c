import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const FORM = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/;

/** Returns the hash of a password, with everything that is needed to compare it later. */
export async function hashPassword(password: string, salt = randomBytes(16)): Promise<string> {
  const key = await derive(password, salt, COST);
  const { N, r, p } = COST;
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Returns whether the password has that hash. Takes as long for a wrong one as for the right one. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = FORM.exec(hash) ?? [];
  const expected = Buffer.from(key, 'base64url');
  if (expected.length !== KEY_BYTES) return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(actual, expected);
}

// No password has this hash. Comparing with it takes as long as with any other.
const NOBODY = `scrypt$${COST.N}$${COST.r}$${COST.p}$bm9ib2R5$${Buffer.alloc(KEY_BYTES).toString('base64url')}`;

/** Does the work of {@link isPassword} for a user that does not exist, so that the time tells nothing. */
export async function wasteTheSameTime(password: string): Promise<false> {
  await isPassword(password, NOBODY);
  return false;
}

function derive(
  password: string,
  salt: Buffer,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { ...cost }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

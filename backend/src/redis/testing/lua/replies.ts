/** What Redis answers. Texts are binary: one character a byte. */
export type Reply =
  string | number | null | readonly Reply[] | { readonly ok: string } | { readonly err: string };

export const OK: Reply = { ok: 'OK' };

/** The error of a command; `null` when it is an answer. */
export function errorOf(reply: Reply): string | null {
  return typeof reply === 'object' && reply !== null && 'err' in reply ? reply.err : null;
}

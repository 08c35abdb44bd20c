import { z } from 'zod';
import { isoTime } from '../http/schema-parts.js';

/** The body of a login. */
export const LoginSchema = z.strictObject({
  email: z
    .email()
    .max(254)
    .meta({ examples: ['user1@example.com'] }),
  password: z
    .string()
    .min(1)
    .max(1024)
    .meta({ examples: ['demo-password'] }),
});

/** What a client sees of a session. Its id gives no access. */
export const SessionSchema = z.strictObject({
  id: z.string(),
  userId: z.string(),
  createdAt: isoTime(),
  lastSeenAt: isoTime(),
  expiresAt: isoTime(),
});

/** What a client sees of a user. */
export const UserSchema = z.strictObject({ id: z.string(), email: z.string(), name: z.string() });

/** The response to a login. The token is shown here and nowhere else. */
export const LoggedInSchema = z.strictObject({
  token: z.string(),
  session: SessionSchema,
  user: UserSchema,
});

/** The user of the request. */
export const CurrentSessionSchema = z.strictObject({ session: SessionSchema, user: UserSchema });

/** The sessions of a user. */
export const SessionListSchema = z.strictObject({
  sessions: z.array(SessionSchema),
  isComplete: z.boolean().meta({ description: 'False when some may be missing' }),
});

/** The parameter that names a session. */
export const SessionIdSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is the id of a session: 64 hexadecimal digits')
    .meta({ description: 'From GET /api/auth/sessions' }),
});

export type Login = z.infer<typeof LoginSchema>;
export type SessionView = z.infer<typeof SessionSchema>;
export type UserView = z.infer<typeof UserSchema>;
export type LoggedIn = z.infer<typeof LoggedInSchema>;
export type CurrentSessionView = z.infer<typeof CurrentSessionSchema>;
export type SessionListView = z.infer<typeof SessionListSchema>;

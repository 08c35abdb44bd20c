const WITHIN_MS = 900;

/** What the drill reads in the answer of `GET /health`, of ours and of the bare service. */
export interface Health {
  readonly redis?: {
    readonly status: string;
    readonly metrics?: {
      readonly hits?: number;
      readonly misses?: number;
      /** Commands sent to Redis; only the bare service says it here. */
      readonly operations?: number;
    };
  };
}

/** The body of `GET /health`, whatever its status; `null` when there is no answer soon. */
export async function askHealth(port: number): Promise<Health | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, {
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return (await answer.json()) as Health;
  } catch {
    return null;
  }
}

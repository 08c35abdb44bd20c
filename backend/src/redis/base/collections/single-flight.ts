/** Lets all callers that want the same key at the same time share one piece of work. */
export class SingleFlight<A> {
  readonly #underWay = new Map<string, Promise<A>>();

  /** Returns what the work for a key answers: that which is under way, or else this, which others join until it ends. */
  run(key: string, work: () => Promise<A>): Promise<A> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const answer = work();
    this.#underWay.set(key, answer);
    const end = (): void => {
      this.#underWay.delete(key);
    };
    answer.then(end, end);
    return answer;
  }
}

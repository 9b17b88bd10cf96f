/** What all sessions of a soak have done and seen. */
export class Tally {
  opened = 0;
  /** Sessions by the way in which they ended. */
  readonly endings = new Map<string, number>();
  sent = 0;
  /** Messages that came back, or from a room. */
  received = 0;
  /** What should not have been, such as a message that was lost, repeated or out of order: the first hundred. */
  readonly problems: string[] = [];

  countEnding(ending: string): void {
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }

  complain(problem: string): void {
    if (this.problems.length < 100) this.problems.push(problem);
  }
}

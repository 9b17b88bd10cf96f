/**
 * Reads what a room says, and checks that nothing is missing, repeated or out of order.
 *
 * A room says `joined N` first, then `N+1 TEXT`, `N+2 TEXT`, and `left M` last.
 */
export class NumberedReader {
  readonly #complain: (problem: string) => void;
  readonly #own: string;
  #last: number | undefined;
  #left = false;
  /** How many messages with a number came. */
  received = 0;
  /** How many of its own messages came back. */
  echoed = 0;

  /** @param own what its own messages begin with; the number of each follows */
  constructor(own: string, complain: (problem: string) => void) {
    this.#own = own;
    this.#complain = complain;
  }

  read(message: string | Buffer): void {
    const text = message.toString();
    const [first = "", second = ""] = text.split(" ", 2);
    if (first === "joined") {
      if (this.#last !== undefined) this.#complain(`joined a second time, after ${this.#last}`);
      this.#last = Number(second);
    } else if (first === "left") {
      if (Number(second) !== this.#last) this.#complain(`left at ${second}, but the last message was ${this.#last}`);
      this.#left = true;
    } else this.#readNumbered(Number(first), second);
  }

  /** Everything up to the end has come. */
  get hasLeft(): boolean {
    return this.#left;
  }

  #readNumbered(number: number, text: string): void {
    if (this.#last === undefined || this.#left)
      this.#complain(`message ${number} came before it joined or after it left`);
    else if (number !== this.#last + 1) this.#complain(`message ${number} came after ${this.#last}`);
    this.#last = number;
    this.received += 1;
    if (!text.startsWith(this.#own) || this.#own === "") return;
    if (Number(text.slice(this.#own.length)) !== this.echoed)
      this.#complain(`its own ${text} came after ${this.echoed}`);
    this.echoed += 1;
  }
}

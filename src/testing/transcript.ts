import type { Message } from "../sessions/event.ts";

/** So many of the last messages are shown, each at most so long. */
const MAX_SHOWN = 5;
const MAX_CHARACTERS = 200;

/** A message as faults show it: JSON as it is, other text in quotes. */
export function showMessage(message: Message): string {
  if (typeof message !== "string") return `${message.length} bytes`;
  const text = /^[[{]/.test(message) ? message : JSON.stringify(message);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

/** The last messages that a session has received. */
export class Transcript {
  readonly #last: Message[] = [];
  #count = 0;

  add(message: Message): void {
    this.#count += 1;
    this.#last.push(message);
    if (this.#last.length > MAX_SHOWN) this.#last.shift();
  }

  /** What came, for the end of a sentence. */
  describe(): string {
    if (this.#count === 0) return "nothing has come at all";
    const shown = this.#last.map(showMessage).join(", ");
    return this.#count > MAX_SHOWN
      ? `the last ${MAX_SHOWN} of ${this.#count} messages that had come: ${shown}`
      : `what had come: ${shown}`;
  }
}

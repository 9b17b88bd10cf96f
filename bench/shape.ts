/** How many digits name the sender and number its message, at the start of every message. */
export const SENDER_DIGITS = 4;
export const NUMBER_DIGITS = 8;

/** What surrounds the digits in a message: a JSON message has some text before them. */
export type MessageShape = { before: string; after: string };

export type ShapeOptions = {
  before?: string;
  /** Comes right after the digits. */
  middle?: string;
  end?: string;
  /** What fills the message up: one letter, or words that compress about as well as talk does. */
  filling?: "letter" | "words";
};

/** A text of `bytes` bytes: `before`, the digits, `middle`, what fills it up, `end`. */
export function createShape(
  bytes: number,
  { before = "", middle = "", end = "", filling = "letter" }: ShapeOptions = {},
): MessageShape {
  const left = Math.max(0, bytes - before.length - SENDER_DIGITS - NUMBER_DIGITS - middle.length - end.length);
  return { before, after: middle + (filling === "words" ? createWords(left) : "x".repeat(left)) + end };
}

const SYLLABLES = [
  "an",
  "be",
  "co",
  "de",
  "en",
  "fi",
  "go",
  "hu",
  "in",
  "ka",
  "lo",
  "mi",
  "no",
  "or",
  "pe",
  "ri",
  "st",
];

/** Words in an order that repeats itself only late, the same in every run. */
function createWords(length: number): string {
  let text = "";
  let state = 1;
  const next = (limit: number): number => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % limit;
  };
  while (text.length < length) {
    for (let syllables = 1 + next(3); syllables > 0; syllables -= 1) text += SYLLABLES[next(SYLLABLES.length)] ?? "";
    text += " ";
  }
  return text.slice(0, length);
}

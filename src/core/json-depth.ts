const [QUOTE, BACKSLASH] = ['"', "\\"].map((character) => character.charCodeAt(0)) as [number, number];
const opening = new Set(["[", "{"].map((character) => character.charCodeAt(0)));
const closing = new Set(["]", "}"].map((character) => character.charCodeAt(0)));

/**
 * Whether arrays and objects lie deeper within each other in `json` than `max`.
 *
 * The runtime takes seconds, in which nothing else runs, to find that a value is too deep to be written as JSON again.
 */
export function isDeeperThan(json: string, max: number): boolean {
  if (json.length <= max) return false;
  let depth = 0;
  let isText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (isText) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) isText = false;
    } else if (code === QUOTE) {
      isText = true;
    } else if (opening.has(code)) {
      depth += 1;
      if (depth > max) return true;
    } else if (closing.has(code)) {
      depth -= 1;
    }
  }
  return false;
}

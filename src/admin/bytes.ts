const PER_LINE = 16;

/** The bytes that `text` names in hex: `00 ff`, `0x00FF`, `00ff`; undefined if it names none. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = text.replace(/0x/gi, "").replace(/[\s,]+/g, "");
  if (digits.length % 2 === 1 || !/^[\da-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Sixteen bytes a line: where they stand, in hex, and as text. */
export function formatHex(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += PER_LINE) {
    const row = [...bytes.subarray(start, start + PER_LINE)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${start.toString(16).padStart(4, "0")}  ${hex.padEnd(3 * PER_LINE)} ${text}`);
  }
  return lines.join("\n");
}

/** For a JSON body. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

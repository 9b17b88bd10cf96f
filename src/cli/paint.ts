import { styleText } from "node:util";

/** `text` as a terminal shows it in that style; as it is if standard output is none, or `NO_COLOR` is set. */
export function paint(style: "bold" | "dim" | "green" | "red" | "yellow", text: string): string {
  const isColoured = process.stdout.isTTY && !process.env["NO_COLOR"];
  return isColoured ? styleText(style, text, { validateStream: false }) : text;
}

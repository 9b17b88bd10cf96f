import { parseHex, toBase64 } from "./bytes.ts";

/** What came of an action: a sentence, and whether it is what was wanted. */
export type Outcome = { text: string; isGood: boolean };

type Answer = { message?: string; members?: number; generation?: number; fault?: string };

/** Asks the server to do something; its refusal is an outcome, and so is no answer. */
async function ask(path: string, body: unknown, describe: (answer: Answer) => Outcome): Promise<Outcome> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Answer;
    return response.ok ? describe(answer) : { text: `${answer.message}.`, isGood: false };
  } catch {
    return { text: "The server did not answer.", isGood: false };
  }
}

/** Sends to a session or to all in a group. */
export function send(to: { session: string } | { group: string }, kind: string, text: string): Promise<Outcome> {
  const bytes = kind === "binary" ? parseHex(text) : undefined;
  if (kind === "binary" && bytes === undefined)
    return Promise.resolve({ text: "This is not hex: two digits a byte, such as 00 ff.", isGood: false });
  const message = bytes === undefined ? { message: text } : { message: toBase64(bytes), encoding: "base64" };
  return "group" in to
    ? ask("/-/api/publish", { ...to, ...message }, ({ members = 0 }) => ({
        text: `Sent to ${members.toLocaleString("en")} ${members === 1 ? "session" : "sessions"}.`,
        isGood: true,
      }))
    : ask("/-/api/send", { ...to, ...message }, () => ({ text: "Sent.", isGood: true }));
}

export function closeSession(session: string, code: number, reason: string): Promise<Outcome> {
  return ask("/-/api/close", { session, code, reason }, () => ({ text: `Closed with ${code}.`, isGood: true }));
}

/** Loads the controllers again. */
export function reload(): Promise<Outcome> {
  return ask("/-/inspector/reload", {}, ({ generation = 0, fault }) =>
    fault === undefined
      ? { text: `Generation ${generation} serves.`, isGood: true }
      : { text: `Generation ${generation} keeps serving: ${fault}`, isGood: false },
  );
}

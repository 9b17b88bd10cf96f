import { html } from "hono/html";
import { errorAnswer } from "../error-page.ts";

/** The address that the form is sent to. */
export const SIGN_IN_PATH = "/-/sign-in";

const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="hubbub"' };

/** Asks for the token: a program with JSON as any other error, a person in a browser with a form. */
export function signInPage(
  request: Request,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const form = html`<form method="post" action="${SIGN_IN_PATH}">
    <label>Token <input name="token" type="password" autocomplete="current-password" required autofocus /></label>
    <button>Sign in</button>
  </form>`;
  return errorAnswer(request, status, message, { ...CHALLENGE, ...headers }, form);
}

/** The token that lets in, and the cookie that stands for it: neither is compared in a time that tells anything. */
export class AdminToken {
  readonly #token: Buffer;
  readonly #cookie: Buffer;
  /** What a browser keeps: it opens what the token opens, and does not tell it. */
  readonly cookieValue: string;

  constructor(token: string) {
    const { createHmac } = process.getBuiltinModule("node:crypto");
    this.cookieValue = createHmac("sha256", token).update("hubbub inspector").digest("base64url");
    this.#token = hash(token);
    this.#cookie = hash(this.cookieValue);
  }

  isToken(text: string): boolean {
    return hasHash(text, this.#token);
  }

  isCookie(text: string): boolean {
    return hasHash(text, this.#cookie);
  }
}

/** Of one length, whatever it is made of. */
function hash(text: string): Buffer {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(text).digest();
}

function hasHash(text: string, hashed: Buffer): boolean {
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
  return timingSafeEqual(hash(text), hashed);
}

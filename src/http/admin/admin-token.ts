/** Loaded when there is a token. */
const loadCrypto = () => process.getBuiltinModule("node:crypto");

/** The token that lets in, and the cookie that stands for it: neither is compared in a time that tells anything. */
export class AdminToken {
  readonly #token: Buffer;
  readonly #cookie: Buffer;
  /** What a browser keeps: it opens what the token opens, and does not tell it. */
  readonly cookieValue: string;

  constructor(token: string) {
    this.cookieValue = loadCrypto().createHmac("sha256", token).update("hubbub inspector").digest("base64url");
    this.#token = hash(token);
    this.#cookie = hash(this.cookieValue);
  }

  isToken(text: string): boolean {
    return loadCrypto().timingSafeEqual(hash(text), this.#token);
  }

  isCookie(text: string): boolean {
    return loadCrypto().timingSafeEqual(hash(text), this.#cookie);
  }
}

/** Of one length, whatever it is made of. */
function hash(text: string): Buffer {
  return loadCrypto().createHash("sha256").update(text).digest();
}

import { describeError, describeStack } from "../core/errors.ts";
import { log } from "../core/log.ts";
import { packFaults, type PackedFault, unpackFaults } from "./packed-faults.ts";

/** What one side may call of the other: each takes one value, and may answer with another. */
export type Calls = { [name: string]: (value: never) => unknown };

type Message =
  | { call: string; id: number | undefined; value: unknown }
  | { answer: number; value: unknown }
  | { answer: number; faults: PackedFault[] };

type Post = (message: Message, transfer: MessagePort[]) => void;

/** The other thread has ended before it answered. */
export class LinkEnded extends Error {
  override readonly name = "LinkEnded";
}

/**
 * One end of what a worker and its supervisor say to each other, in order.
 *
 * @typeParam Remote what can be called of the other end
 */
export class Link<Remote extends Calls> {
  readonly #post: Post;
  readonly #calls: Calls;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #isEnded = false;

  /**
   * @param post hands a message to the other thread, whose end is given it by `take`
   * @param calls what the other end can call
   */
  constructor(post: Post, calls: Calls) {
    this.#post = post;
    this.#calls = calls;
  }

  /** Calls the other end, and waits for nothing. */
  tell<Name extends keyof Remote & string>(
    name: Name,
    value: Parameters<Remote[Name]>[0],
    transfer: MessagePort[] = [],
  ): void {
    if (!this.#isEnded) this.#post({ call: name, id: undefined, value }, transfer);
  }

  /**
   * Calls the other end; resolves with its answer.
   *
   * @throws {LinkEnded} if it ends before; {Fault} or {AggregateError} as it was thrown there
   */
  ask<Name extends keyof Remote & string>(
    name: Name,
    value: Parameters<Remote[Name]>[0],
  ): Promise<Awaited<ReturnType<Remote[Name]>>> {
    if (this.#isEnded) return Promise.reject(new LinkEnded());
    this.#lastId += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#lastId, waiting);
    this.#post({ call: name, id: this.#lastId, value }, []);
    return waiting.promise as Promise<Awaited<ReturnType<Remote[Name]>>>;
  }

  /** Takes a message of the other end. */
  take(data: unknown): void {
    const message = data as Message;
    if ("call" in message) {
      void this.#answer(message.id, this.#calls[message.call], message.value);
      return;
    }
    const waiting = this.#waiting.get(message.answer);
    this.#waiting.delete(message.answer);
    if ("faults" in message) waiting?.reject(unpackFaults(message.faults));
    else waiting?.resolve(message.value);
  }

  /** The other thread has ended, with a reason: nothing that it was asked will be answered. */
  end(reason: string): void {
    this.#isEnded = true;
    for (const { reject } of this.#waiting.values()) reject(new LinkEnded(reason));
    this.#waiting.clear();
  }

  async #answer(id: number | undefined, call: Calls[string] | undefined, value: unknown): Promise<void> {
    try {
      const answer = await call?.(value as never);
      if (id !== undefined) this.#post({ answer: id, value: answer }, []);
    } catch (error) {
      if (id !== undefined) this.#post({ answer: id, faults: packFaults(error) }, []);
      else
        log.error(`Failed to do what another thread told: ${describeError(error)}`, { detail: describeStack(error) });
    }
  }
}

import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { waitFor } from "./session.ts";

/** socat, which holds the socket as systemd does. In CI it must be here: nothing is skipped there. */
export const hasSocat = Bun.which("socat") !== null || process.env["CI"] !== undefined;

/** A socket that takes what a service tells systemd. */
export type NotificationSocket = AsyncDisposable & {
  /** What `NOTIFY_SOCKET` is to be. */
  name: string;
  /** The fields that came so far, in order. */
  fields: () => string[];
  /** Resolves once a field that matches has come. */
  received: (field: RegExp) => Promise<void>;
  /** From here on nothing is taken, until `resume`. */
  pause: () => void;
  resume: () => void;
};

/** Opens one, by a path or by an abstract name. */
export async function openNotificationSocket(kind: "path" | "abstract"): Promise<NotificationSocket> {
  const folder = createFolder();
  const path = join(folder.path, "notify");
  const isAbstract = kind === "abstract";
  const address = isAbstract ? `ABSTRACT-RECV:${path}` : `UNIX-RECV:${path}`;
  const child = Bun.spawn(["socat", "-u", "-d", "-d", address, "STDOUT"], { stdout: "pipe", stderr: "pipe" });
  let text = "";
  let errors = "";
  const read = async (stream: ReadableStream<Uint8Array>, take: (part: string) => void) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
  };
  void read(child.stdout, (part) => (text += part));
  void read(child.stderr, (part) => (errors += part));
  await waitFor(() => errors.includes("starting data transfer"), "socket that is listened on");
  const fields = () => text.split("\n").slice(0, -1);
  return {
    name: isAbstract ? `@${path}` : path,
    fields,
    received: (field) => waitFor(() => fields().some((each) => field.test(each)), `field ${field}`),
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}

import type { Config } from "../../core/config.ts";
import { describeError } from "../../core/errors.ts";
import type { Finding } from "./finding.ts";
import { findPortUser, type PortUser } from "./listener.ts";

/** Who has the address that the server is to listen on. */
export type Occupant =
  | { kind: "nobody" }
  /** A server of ours; which process it is, if that can be seen. */
  | { kind: "hubbub"; user: PortUser | undefined }
  | { kind: "other"; user: PortUser | undefined }
  /** Nobody, and yet it cannot be had. */
  | { kind: "closed"; why: string; advice: string };

type Address = Pick<Config, "host" | "port" | "tlsCertFile">;

/** How long a server may take to answer, in milliseconds. */
const ANSWER_MS = 2000;

/** Finds out who has the configured address, by taking it for a moment. */
export async function findOccupant(address: Address): Promise<Occupant> {
  const { host, port } = address;
  try {
    Bun.listen({ hostname: host, port, socket: { data() {} } }).stop(true);
    return { kind: "nobody" };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM")
      return {
        kind: "closed",
        why: "this user may not use that port",
        advice: "a port above 1023 (--port), or a service: `hubbub unit --port` gives it that right",
      };
    if (code !== "EADDRINUSE")
      return {
        kind: "closed",
        why: describeError(error),
        advice: "an address of this machine: --host 127.0.0.1, or 0.0.0.0 for all of them",
      };
    const user = findPortUser(port);
    return { kind: (await isHubbub(address)) ? "hubbub" : "other", user };
  }
}

/** Whether the port can be had, or is with a server of ours already. */
export function examinePort({ host, port }: Address, occupant: Occupant): Finding {
  const name = "port";
  const place = `${host}:${port}`;
  switch (occupant.kind) {
    case "nobody":
      return { name, state: "ok", found: port === 0 ? "any free one will be taken" : `${place} is free` };
    case "hubbub":
      return { name, state: "ok", found: `a hubbub serves at ${place}${describeUser(occupant.user)}` };
    case "closed":
      return { name, state: "wrong", found: `${place} cannot be had: ${occupant.why}`, advice: occupant.advice };
    case "other":
      return {
        name,
        state: "wrong",
        found: `${place} is in use by another program${describeUser(occupant.user)}`,
        advice: "stop that one, or take another port (--port)",
      };
  }
}

function describeUser(user: PortUser | undefined): string {
  return user === undefined ? "" : ` (process ${user.pid}, ${user.name})`;
}

async function isHubbub({ host, port, tlsCertFile }: Address): Promise<boolean> {
  const reachable =
    host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const answer = await fetch(`${tlsCertFile === "" ? "http" : "https"}://${reachable}:${port}/-/health`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      // It is asked by its address, and its certificate is for a name.
      tls: { rejectUnauthorized: false },
    });
    return ((await answer.json()) as { status?: unknown }).status === "alive";
  } catch {
    return false;
  }
}

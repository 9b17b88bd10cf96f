/** How many of a session id's characters name its node. */
const NODE_LENGTH = "01234567-89ab".length;

const SESSION_ID_LENGTH = "01234567-89ab-4def-8123-456789abcdef".length;

/** A node's id: 12 random hexadecimal digits, the first of its sessions' ids. */
export function createNodeId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex");
}

/**
 * Makes session ids of the node: version 4 UUIDs that begin with its id.
 *
 * What follows it has 74 random bits: whoever knows other ids of the node cannot guess one.
 */
export function createSessionIds(node: string): () => string {
  const start = `${node.slice(0, 8)}-${node.slice(8)}`;
  return () => start + crypto.randomUUID().slice(NODE_LENGTH);
}

/** The node that a session id names; undefined if it cannot be one's. */
export function nodeOf(sessionId: string): string | undefined {
  if (sessionId.length !== SESSION_ID_LENGTH) return undefined;
  return sessionId.slice(0, 8) + sessionId.slice(9, NODE_LENGTH);
}

import type { Issue } from "../sessions/event.ts";
import { clip, describeIssues, type ShownIssue, showIssues } from "./schema-issues.ts";

/** Why a message was not taken: it is binary, its text is no JSON, or its value does not match the schema. */
export const invalidMessageCodes = ["not-text", "not-json", "not-valid"] as const;

export type InvalidMessageCode = (typeof invalidMessageCodes)[number];

/** What the sender of such a message is sent, as JSON. */
export type InvalidMessageFrame = {
  error: {
    code: InvalidMessageCode;
    message: string;
    /** Ten at most. */
    issues: ShownIssue[];
  };
};

/** What becomes of a session that sends an invalid message. */
export type OnInvalid = "reply" | "close";

/** What a typed controller throws for a message that its schema does not take: no fault, but the sender's mistake. */
export class InvalidMessage {
  /** What is wrong, for the controller. */
  readonly text: string;
  /** What the schema said, whole. */
  readonly issues: readonly Issue[];
  /** What the sender is sent. */
  readonly frame: string;
  readonly onInvalid: OnInvalid;

  constructor(code: InvalidMessageCode, message: string, onInvalid: OnInvalid, issues: readonly Issue[] = []) {
    this.text = issues.length === 0 ? clip(message) : describeIssues(issues);
    this.issues = issues;
    this.onInvalid = onInvalid;
    const frame: InvalidMessageFrame = { error: { code, message: clip(message), issues: showIssues(issues) } };
    this.frame = JSON.stringify(frame);
  }
}

import { expect, test } from "bun:test";
import { tracingChannel } from "node:diagnostics_channel";
import { completeTracingChannels } from "../../src/bus/tracing-channels.ts";

test("completeTracingChannels() lets a tracing channel say whether anybody listens", () => {
  completeTracingChannels();
  completeTracingChannels();
  const channel = tracingChannel("hubbub-test");
  expect(channel.hasSubscribers).toBe(false);
  const heard: unknown[] = [];
  const listener = (message: unknown) => heard.push(message);
  channel.asyncEnd.subscribe(listener);
  expect(channel.hasSubscribers).toBe(true);
  expect(tracingChannel("hubbub-other").hasSubscribers).toBe(false);
  channel.asyncEnd.unsubscribe(listener);
  expect(channel.hasSubscribers).toBe(false);
});

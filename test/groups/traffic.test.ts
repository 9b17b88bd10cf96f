import { expect, test } from "bun:test";
import { Traffic } from "../../src/groups/traffic.ts";

test("Traffic has what a group was sent while the member was in it, and keeps it when it has left", () => {
  const [chat, news] = [{ sent: { messages: 10, size: 100 } }, { sent: { messages: 3, size: 30 } }];
  const traffic = new Traffic(0);
  traffic.countSent(7);
  traffic.join(chat.sent);
  traffic.join(news.sent);
  Object.assign(chat.sent, { messages: 15, size: 150 });
  Object.assign(news.sent, { messages: 4, size: 31 });
  traffic.leaveOut(10);
  expect(traffic.readSent([chat, news])).toEqual({ messages: 6, size: 48 });
  traffic.leave(chat.sent);
  Object.assign(chat.sent, { messages: 99, size: 999 });
  expect(traffic.readSent([news])).toEqual({ messages: 6, size: 48 });
});

test("Traffic counts what was received", () => {
  const traffic = new Traffic(5);
  traffic.countReceived(3);
  traffic.countReceived(0);
  expect(traffic).toMatchObject({ openedAt: 5, messagesReceived: 2, sizeReceived: 3 });
  expect(traffic.readSent()).toEqual({ messages: 0, size: 0 });
});

import { expect, test } from "bun:test";
import { startServer } from "../support/server.ts";

const chat = `var lib = require('/lib/xp/websocket');
exports.get = function (req) { return req.webSocket ? { webSocket: {} } : { body: 'chat at ' + req.path }; };
exports.webSocketEvent = function (event) {
  if (event.type === 'open') lib.send(event.session.id, event.session.path);
};`;

const addresses = [
  "/portal/draft/features/_/service/com.enonic.app.features/chat",
  "/site/features/master/features/_/service/com.enonic.app.features/chat",
  "/_/service/com.enonic.app.features/chat",
];

for (const file of ["services/chat/chat.js", "services/chat/chat.ts", "chat/chat.js", "chat.js"]) {
  test.each(addresses)(`${file} opens sessions at %s`, async (address) => {
    await using server = await startServer({ [file]: chat });
    expect(await (await server.fetch(address)).text()).toBe(`chat at ${address}`);
    using session = await server.open(address);
    expect(await session.next()).toBe(address);
  });
}

test("a service address keeps the query as parameters", async () => {
  await using server = await startServer({
    "services/chat/chat.js": "exports.get = function (req) { return { body: req.params }; };",
  });
  expect(await (await server.fetch(`${addresses[0]}?room=7`)).json()).toEqual({ room: "7" });
});

test("a service address that names no controller is answered 404", async () => {
  await using server = await startServer({ "services/chat/chat.js": chat });
  expect((await server.fetch("/portal/draft/_/service/com.enonic.app.features/news")).status).toBe(404);
});

test("the services of one name at any application are the same controller", async () => {
  await using server = await startServer({
    "services/chat/chat.js": `var lib = require('/lib/xp/websocket');
      exports.get = function () { return { webSocket: {} }; };
      exports.webSocketEvent = function (event) {
        if (event.type === 'open') { lib.addToGroup('chat', event.session.id); lib.send(event.session.id, 'in'); }
        if (event.type === 'message') lib.sendToGroup('chat', event.message);
      };`,
  });
  using ada = await server.open(addresses[0] ?? "");
  using bob = await server.open(addresses[1] ?? "");
  for (const session of [ada, bob]) expect(await session.next()).toBe("in");
  ada.send("hello");
  expect(await ada.next()).toBe("hello");
  expect(await bob.next()).toBe("hello");
});

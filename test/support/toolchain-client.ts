import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, runBinary, startBinary } from "./binary.ts";
import { createFolder } from "./folder.ts";

// Begins, checks, tests, serves and ships a folder with the executable alone; run where there is no network.

using place = createFolder({
  "home/.keep": "",
  "tmp/.keep": "",
  "work/.keep": "",
  "elsewhere/.keep": "",
  "third/.keep": "",
});
const at = (...path: string[]) => join(place.path, ...path);
const environment = { HOME: at("home"), TMPDIR: at("tmp") };

/** Runs a command that ends with 0, and prints nothing on standard error unless that is what it does; returns its output. */
async function run(executable: string, cwd: string, args: string[], errors: RegExp = /^$/): Promise<string> {
  const { exitCode, stdout, stderr } = await runBinary(args, { cwd, environment, executable });
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: expect.stringMatching(errors) });
  return stdout;
}

/** Serves without naming a folder, and has a chat of two. */
async function chat(executable: string, cwd: string): Promise<void> {
  await using server = await startBinary([], { cwd, environment, executable });
  expect(await (await server.fetch("/")).text()).toContain("<title>");
  using ada = await server.open("/chat?name=Ada");
  using bob = await server.open("/chat?name=Bob");
  ada.send(JSON.stringify({ text: "hello" }));
  for (;;) {
    const message = (await bob.nextJson()) as { type: string };
    if (message.type !== "said") continue;
    expect(message).toMatchObject({ type: "said", name: "Ada", text: "hello" });
    break;
  }
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
}

async function checkAndTest(executable: string, cwd: string): Promise<void> {
  expect(await run(executable, cwd, ["check"])).toBe("No faults: 1 controller, 2 files checked for types\n");
  await run(executable, cwd, ["test"], /^ 4 pass\n 0 fail$/m);
}

const first = await buildOnce();
const app = at("work/app");
expect(await run(first, at("work"), ["init", "app"])).toContain("cd app");
await checkAndTest(first, app);
expect(await run(first, app, ["routes"])).toMatch(/^\/chat +chat\.ts +GET,HEAD +yes +message,sends$/m);
expect(await run(first, app, ["types"])).toContain('"/chat": {');
expect(await run(first, app, ["bun", "-e", 'import * as v from "valibot"; console.log(v.parse(v.number(), 7))'])).toBe(
  "7\n",
);
expect(await run(first, app, ["doctor", "--port", "0"])).toMatch(/^ok +settings /m);
await chat(first, app);

const second = at("elsewhere/chat");
expect(await run(first, app, ["compile", "-o", second])).toBe(`Wrote ${second}\n`);
await chat(second, at("elsewhere"));

// The result is an executable as the first one is: it compiles itself, and another folder.
const third = at("third/again");
await run(second, at("elsewhere"), ["compile", "-o", third]);
expect(readFileSync(third).equals(readFileSync(second))).toBe(true);
await run(third, at("third"), ["init", "feed", "--template", "feed"]);
const feed = at("third/feed");
await run(third, feed, ["check"]);
await run(third, feed, ["test"], /^ 0 fail$/m);
const fourth = at("third/feed-server");
await run(third, feed, ["compile", "-o", fourth]);
mkdirSync(at("empty"));
expect(await run(fourth, at("empty"), ["routes"])).toMatch(/^\/feed +feed\.js /m);

expect(readdirSync(at("home"))).toEqual([".keep"]);
expect(readdirSync(at("tmp"))).toEqual([".keep"]);
expect(readdirSync(at("elsewhere")).sort()).toEqual([".keep", "chat"]);
console.log("arrived");

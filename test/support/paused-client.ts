import { openSession } from "./session.ts";

/** A client in a process of its own, which a test can stop: opens sessions, and prints their close codes at the end. */
const [url = "", count = "1"] = process.argv.slice(2);
const sessions = await Promise.all(Array.from({ length: Number(count) }, () => openSession(url)));
console.log("open");
const codes = await Promise.all(sessions.map(({ closed }) => closed));
console.log(JSON.stringify(codes));

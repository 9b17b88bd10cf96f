import { configureLog } from "./log.ts";
import { LoopWatch, type WatchedLoop } from "./loop-watch.ts";
import type { WatchdogThreadMessage } from "./watchdog.ts";

declare const self: { onmessage: (event: { data: WatchdogThreadMessage }) => void };

const watch = new LoopWatch();
let loop: WatchedLoop | undefined;

self.onmessage = ({ data }) => {
  if (data.type === "log") configureLog(data);
  else if (data.type === "name") loop?.nameNext(data.name);
  else {
    loop = watch.add(data.state, "The event loop");
    watch.start();
  }
};

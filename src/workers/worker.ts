import { App } from "../app.ts";
import { findBus } from "../bus/find-bus.ts";
import { WorkersNetwork } from "../bus/workers.ts";
import { configureWorkerLog } from "../core/log.ts";
import { Watchdog } from "../core/watchdog.ts";
import type { SupervisorCalls, WorkerCalls, WorkerStart } from "./calls.ts";
import { Link } from "./link.ts";
import { WorkerCounts } from "./shared-counts.ts";

declare const self: {
  onmessage: (event: { data: unknown }) => void;
  postMessage: (message: unknown, transfer: MessagePort[]) => void;
};

/** What there is once the supervisor has said with what to start. */
type Parts = { app: App; counts: WorkerCounts };

const network = new WorkersNetwork();

let started: Parts | undefined;

const calls: WorkerCalls = {
  start: (options) => {
    started = createParts(options);
  },
  addWay: (way) => network.add(way),
  stage: async (generation) => {
    const { app } = parts();
    return { controllers: await app.staged.load(generation), kept: app.keptCount };
  },
  swap: () => parts().app.staged.swap(),
  drop: () => parts().app.staged.drop(),
  listen: ({ port, certificate }) => parts().app.listen(certificate, port).href,
  openNext: (certificate) => parts().app.openNext(certificate),
  retire: () => parts().app.retire(),
  noteFault: (text) => parts().app.noteFault(text),
  reloadPages: (version) => parts().app.reloadPages(version),
  setOutOfFiles: (isOut) => parts().app.setOutOfFiles(isOut),
  setFull: ({ address, isFull }) => parts().counts.setFull(address, isFull),
  read: ({ name, argument }) => parts().app.facts.read(name, argument),
  stop: () => parts().app.stop(),
};

const link = new Link<SupervisorCalls>((message, transfer) => self.postMessage(message, transfer), calls);

self.onmessage = ({ data }) => link.take(data);

function createParts(options: WorkerStart): Parts {
  const { number, config, folder, isEmbedded, version, pagesVersion, counts: memory, fullAddresses } = options;
  configureWorkerLog({ ...config, worker: number }, (line) => link.tell("writeLog", line));
  const isCounted = config.maxSessionsPerAddress > 0;
  const counts = new WorkerCounts(memory, number, (address, change) => {
    if (isCounted) link.tell("countAddress", { address, change });
  });
  for (const address of fullAddresses) counts.setFull(address, true);
  const app = new App({
    config,
    folder,
    isEmbedded,
    version,
    watchdog: new Watchdog((message) => link.tell("watch", message)),
    openBus: findBus(config) ?? network.open,
    crew: {
      number,
      hasOwnBus: config.bus === "",
      counts,
      pagesVersion,
      collect: (name, argument) => link.ask("collect", { name, argument }),
      reload: () => link.ask("reload", undefined),
    },
  });
  return { app, counts };
}

function parts(): Parts {
  if (started === undefined) throw new Error("The worker has not been started");
  return started;
}

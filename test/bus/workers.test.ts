import { createWay, type WorkerWay, WorkersNetwork } from "../../src/bus/workers.ts";
import { testBus } from "./contract.ts";

testBus("WorkersNetwork", async () => {
  const networks: WorkersNetwork[] = [];
  const ways: WorkerWay[] = [];
  return {
    open(end) {
      const network = new WorkersNetwork();
      for (const other of networks) {
        const [there, here] = createWay();
        ways.push(there, here);
        other.add(there);
        network.add(here);
      }
      networks.push(network);
      return network.open(end);
    },
    async [Symbol.asyncDispose]() {
      for (const { port } of ways) port.close();
    },
  };
});

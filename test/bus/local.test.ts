import { LocalNetwork } from "../../src/bus/local.ts";
import { testBus } from "./contract.ts";

testBus("LocalNetwork", async () => {
  const network = new LocalNetwork();
  return { open: network.open, async [Symbol.asyncDispose]() {} };
});

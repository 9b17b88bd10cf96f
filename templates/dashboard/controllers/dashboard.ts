import { addToGroup, defineController, getGroupSize, kept, sendToGroup } from "hubbub";
import * as v from "valibot";
import { measure, Sample } from "./lib/measure.ts";

const KEEP = 60;

/** The newest last. They survive an edit of this file. */
const samples = kept("dashboard.samples", (): Sample[] => []);

const Samples = v.array(Sample);

// Stops by itself when an edit replaces this module.
setInterval(() => {
  const sample = measure(getGroupSize("dashboard"));
  samples.push(sample);
  samples.splice(0, samples.length - KEEP);
  sendToGroup("dashboard", [sample], { schema: Samples });
}, 1000);

/** Sends what is known when a session opens, and each sample from then on. */
export default defineController({
  sends: Samples,

  get({ webSocket }) {
    return webSocket ? { webSocket: {} } : { body: samples };
  },

  open({ session }, { send }) {
    addToGroup("dashboard", session.id);
    send(session.id, samples);
  },
});

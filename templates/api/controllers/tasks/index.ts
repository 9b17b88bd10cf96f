import { addToGroup, defineController } from "hubbub";
import { readBody } from "../lib/body.ts";
import { addTask, Change, listTasks, NewTask } from "../lib/tasks.ts";

/** `/tasks`: the list, over HTTP and as a session. */
export default defineController({
  sends: Change,

  get({ webSocket }) {
    return webSocket ? { webSocket: {} } : { body: listTasks() };
  },

  open({ session }, { send }) {
    addToGroup("tasks", session.id);
    send(session.id, { type: "all", tasks: listTasks() });
  },

  post({ body }) {
    const read = readBody(body, NewTask);
    return "refusal" in read ? read.refusal : { status: 201, body: addTask(read.value.title) };
  },
});

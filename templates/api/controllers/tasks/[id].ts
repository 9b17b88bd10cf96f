import { defineController } from "hubbub";
import { readBody, refuse } from "../lib/body.ts";
import { findTask, removeTask, setTask, TaskChange } from "../lib/tasks.ts";

/** `/tasks/7`: one of them. */
export default defineController({
  get({ params }) {
    const task = findTask(params["id"]);
    return task === undefined ? notFound : { body: task };
  },

  patch({ params, body }) {
    const task = findTask(params["id"]);
    if (task === undefined) return notFound;
    const read = readBody(body, TaskChange);
    return "refusal" in read ? read.refusal : { body: setTask({ ...task, ...read.value }) };
  },

  delete({ params }) {
    const task = findTask(params["id"]);
    if (task === undefined) return notFound;
    removeTask(task);
    return { status: 204 };
  },
});

const notFound = refuse(404, "There is no such task");

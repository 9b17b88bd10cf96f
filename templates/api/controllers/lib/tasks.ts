import { kept, sendToGroup } from "hubbub";
import * as v from "valibot";

export const Task = v.object({ id: v.number(), title: v.string(), done: v.boolean() });
export type Task = v.InferOutput<typeof Task>;

const Title = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200));
export const NewTask = v.strictObject({ title: Title });
export const TaskChange = v.strictObject({ title: v.exactOptional(Title), done: v.exactOptional(v.boolean()) });

/** What a session is sent: the whole list when it opens, and then each change. */
export const Change = v.variant("type", [
  v.object({ type: v.literal("all"), tasks: v.array(Task) }),
  v.object({ type: v.literal("set"), task: Task }),
  v.object({ type: v.literal("removed"), id: v.number() }),
]);

/** By id. They survive an edit of this file. */
const tasks = kept("tasks", () => new Map<number, Task>());

export const listTasks = (): Task[] => [...tasks.values()];
export const findTask = (id: unknown): Task | undefined => tasks.get(Number(id));

export function setTask(task: Task): Task {
  tasks.set(task.id, task);
  tell({ type: "set", task });
  return task;
}

export function addTask(title: string): Task {
  return setTask({ id: Math.max(0, ...tasks.keys()) + 1, title, done: false });
}

export function removeTask({ id }: Task): void {
  tasks.delete(id);
  tell({ type: "removed", id });
}

function tell(change: v.InferOutput<typeof Change>): void {
  sendToGroup("tasks", change, { schema: Change });
}

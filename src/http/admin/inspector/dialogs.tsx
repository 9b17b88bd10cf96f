/** @jsxImportSource hono/jsx */
import { MAX_REASON_BYTES } from "../../../sessions/close-codes.ts";
import { SendForm } from "./send-form.tsx";

const sessionFacts = {
  id: "Id",
  path: "Path",
  controller: "Controller",
  opened: "Opened",
  address: "Address",
  received: "Received",
  sent: "Sent",
  backlog: "Backlog",
  timeout: "Timeout",
  user: "User",
};

const groupFacts = { size: "Sessions", messages: "Messages", messageSize: "Size of them" };

/** What one session is, and what can be done with it. */
export function SessionDialog() {
  return (
    <dialog id="session-dialog" aria-labelledby="session-title">
      <DialogHead id="session-title" name="Session" />
      <FactList id="session" facts={sessionFacts} />
      <h3>Groups</h3>
      <ul id="session-groups" class="chips" data-empty="None."></ul>
      <SendForm id="session-send" label="Send to this session" />
      <form id="session-close" class="tools">
        <label>
          <span>Close code</span>
          <input id="close-code" type="number" min={1000} max={4999} value="1000" required />
        </label>
        <label class="grow">
          <span>Reason</span>
          <input id="close-reason" maxlength={MAX_REASON_BYTES} autocomplete="off" />
        </label>
        <button class="danger">Close the session…</button>
      </form>
      <p id="session-answer" class="answer" role="status"></p>
    </dialog>
  );
}

/** What one group is, and what can be done with it. */
export function GroupDialog() {
  return (
    <dialog id="group-dialog" aria-labelledby="group-title">
      <DialogHead id="group-title" name="Group" />
      <FactList id="group" facts={groupFacts} />
      <p>
        <button id="group-sessions" class="quiet" type="button">
          Show its sessions
        </button>
      </p>
      <SendForm id="group-send" label="Send to all in this group" />
      <p id="group-answer" class="answer" role="status"></p>
    </dialog>
  );
}

/** Asks before what cannot be undone. */
export function ConfirmDialog() {
  return (
    <dialog id="confirm-dialog" class="confirm" aria-labelledby="confirm-title" aria-describedby="confirm-text">
      <h2 id="confirm-title">Close the session?</h2>
      <p id="confirm-text"></p>
      <p class="choice">
        <button id="confirm-no" class="quiet" type="button" autofocus>
          Keep it open
        </button>
        <button id="confirm-yes" class="danger" type="button">
          Close it
        </button>
      </p>
    </dialog>
  );
}

function DialogHead({ id, name }: { id: string; name: string }) {
  return (
    <header>
      <h2 id={id}>{name}</h2>
      <button class="quiet" type="button" data-close>
        Done
      </button>
    </header>
  );
}

function FactList({ id, facts }: { id: string; facts: Record<string, string> }) {
  return (
    <dl class="facts">
      {Object.entries(facts).map(([key, name]) => (
        <div>
          <dt>{name}</dt>
          <dd id={`${id}-fact-${key}`}>–</dd>
        </div>
      ))}
    </dl>
  );
}

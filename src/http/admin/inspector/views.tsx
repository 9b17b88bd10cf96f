/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import { SendForm } from "./send-form.tsx";

/** The plots, and the columns of the series that each one shows. */
const plots = [
  { id: "sessions", name: "Sessions", columns: ["sessions"] },
  { id: "messages", name: "Messages a second", columns: ["sent", "received"] },
  { id: "lag", name: "Event-loop lag", columns: ["lagMs"] },
  { id: "memory", name: "Memory", columns: ["memoryBytes"] },
];

/** A column of a table: the key that it is sorted by, its name, and what else is said of it. */
type Column = { key: string; name: string; isNumber?: boolean; isWide?: boolean };

const sessionColumns: readonly Column[] = [
  { key: "path", name: "Path" },
  { key: "opened", name: "Opened", isNumber: true },
  { key: "groups", name: "Groups", isNumber: true, isWide: true },
  { key: "received", name: "Received", isNumber: true },
  { key: "sent", name: "Sent", isNumber: true },
  { key: "sizeReceived", name: "Size received", isNumber: true, isWide: true },
  { key: "sizeSent", name: "Size sent", isNumber: true, isWide: true },
  { key: "backlog", name: "Backlog", isNumber: true, isWide: true },
  { key: "address", name: "Address", isWide: true },
];

const groupColumns: readonly Column[] = [
  { key: "name", name: "Name" },
  { key: "size", name: "Sessions", isNumber: true },
  { key: "messages", name: "Messages", isNumber: true },
  { key: "messageSize", name: "Size", isNumber: true, isWide: true },
];

function View({ id, name, children }: { id: string; name: string; children: Child }) {
  return (
    <section id={id} class="view" aria-label={name} hidden={id !== "overview"}>
      {children}
    </section>
  );
}

export function OverviewView() {
  return (
    <View id="overview" name="Overview">
      <div class="plots">
        {plots.map(({ id, name, columns }) => (
          <figure class="panel plot" id={`plot-${id}`}>
            <figcaption>
              <span>{name}</span>
              {columns.map((column) => (
                <span class="value">
                  {columns.length > 1 && `${column} `}
                  <output data-column={column} for="moment">
                    –
                  </output>
                </span>
              ))}
            </figcaption>
            <div class="canvas"></div>
          </figure>
        ))}
      </div>
      <label class="moment">
        <span>
          Moment: <output id="moment-time">now</output>
        </span>
        <input id="moment" type="range" min="-900" max="0" value="0" />
      </label>
      <h2>Last faults</h2>
      <ol id="faults" class="faults" data-empty="No controller has failed."></ol>
    </View>
  );
}

export function SessionsView() {
  return (
    <View id="sessions" name="Sessions">
      <form class="tools" id="session-filter">
        <label class="grow">
          <span>Find in path, id, address, user</span>
          <input id="session-text" type="search" autocomplete="off" spellcheck={false} />
        </label>
        <label>
          <span>Controller</span>
          <select id="session-controller">
            <option value="">All</option>
          </select>
        </label>
        <label>
          <span>In group</span>
          <input id="session-group" type="search" autocomplete="off" spellcheck={false} />
        </label>
      </form>
      <Table id="session" name="Sessions" columns={sessionColumns} empty="No session is open." />
    </View>
  );
}

export function GroupsView() {
  return (
    <View id="groups" name="Groups">
      <form class="tools" id="group-filter">
        <label class="grow">
          <span>Find in the name</span>
          <input id="group-text" type="search" autocomplete="off" spellcheck={false} />
        </label>
      </form>
      <Table id="group" name="Groups" columns={groupColumns} empty="Nobody is in a group." />
    </View>
  );
}

function Table({ id, name, columns, empty }: { id: string; name: string; columns: readonly Column[]; empty: string }) {
  return (
    <div class="panel">
      <div class="scroll" tabindex={0} role="region" aria-label={name}>
        <table id={`${id}-table`}>
          <thead>
            <tr>
              {columns.map(({ key, name: label, isNumber, isWide }) => (
                <th class={toClass(isNumber, isWide)} aria-sort="none">
                  <button type="button" data-sort={key}>
                    {label}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody id={`${id}-rows`} data-empty={empty}></tbody>
        </table>
      </div>
      <p class="pager">
        <span id={`${id}-range`} role="status">
          –
        </span>
        <button id={`${id}-previous`} class="quiet" type="button" disabled>
          Previous
        </button>
        <button id={`${id}-next`} class="quiet" type="button" disabled>
          Next
        </button>
      </p>
    </div>
  );
}

function toClass(isNumber = false, isWide = false): string {
  return [isNumber ? "number" : "", isWide ? "wide" : ""].join(" ").trim();
}

export function ControllersView() {
  return (
    <View id="controllers" name="Controllers">
      <p id="load-fault" class="fault-text" hidden></p>
      <ul id="controller-list" class="panel controllers"></ul>
    </View>
  );
}

export function ConsoleView() {
  return (
    <View id="console" name="Console">
      <form id="console-connect" class="tools">
        <label class="grow">
          <span>Path and query</span>
          <input id="console-path" list="console-paths" required autocomplete="off" spellcheck={false} />
          <datalist id="console-paths"></datalist>
        </label>
        <label>
          <span>Sub-protocols</span>
          <input id="console-protocols" placeholder="none" autocomplete="off" spellcheck={false} />
        </label>
        <button id="console-toggle">Connect</button>
      </form>
      <div class="panel">
        <p class="console-head">
          <span id="console-state" class="state" data-state="closed">
            <span role="status">Not connected</span>
          </span>
          <label class="check">
            <input id="console-pretty" type="checkbox" checked />
            Lay out JSON
          </label>
          <button id="console-clear" class="quiet" type="button">
            Clear
          </button>
        </p>
        <ol
          id="console-frames"
          class="frames"
          tabindex={0}
          aria-label="Frames"
          data-empty="What is sent and received is listed here."
        ></ol>
        <SendForm id="console-send" label="Message" isDisabled />
      </div>
    </View>
  );
}

export function LogView() {
  return (
    <View id="log" name="Log">
      <form id="log-filter" class="tools">
        <label>
          <span>Level</span>
          <select id="log-level">
            <option value="debug">All</option>
            <option value="info">Info and above</option>
            <option value="warning">Warnings and errors</option>
            <option value="error">Errors</option>
          </select>
        </label>
        <label class="grow">
          <span>Find in the text</span>
          <input id="log-text" type="search" autocomplete="off" spellcheck={false} />
        </label>
        <label class="check">
          <input id="log-controllers" type="checkbox" />
          What controllers log
        </label>
      </form>
      <ol
        id="log-lines"
        class="panel lines"
        tabindex={0}
        aria-label="Lines of the log"
        data-empty="No line like that."
      ></ol>
    </View>
  );
}

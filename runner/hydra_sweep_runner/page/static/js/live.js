/* The stream of changes. It is closed while nobody looks, and goes on from where it was. */
import { byId } from "./dom.js";

let source = null;
let cursor = null;
let hear = () => {};

/** Listen from a cursor on; `act` is given each event's data. */
export function listen(from, act) {
  cursor = from;
  hear = act;
  if (!document.hidden) open();
}

function open() {
  close();
  source = new EventSource(`/api/events?${new URLSearchParams({ cursor })}`);
  source.onopen = () => show("live", "live");
  source.onerror = () => show("the server does not answer: trying again", "lost");
  source.addEventListener("changes", (event) => {
    cursor = event.lastEventId;
    hear(JSON.parse(event.data));
  });
}

function close() {
  source?.close();
  source = null;
}

function show(text, kind) {
  byId("live").textContent = text;
  byId("live").className = kind;
}

addEventListener("visibilitychange", () => {
  if (cursor === null) return;
  if (document.hidden) close();
  else open();
});

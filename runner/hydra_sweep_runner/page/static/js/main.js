/* The page: the address says what is seen, the server what there is, and the views draw it. */
import { drawStarts, toast, whenDone } from "./actions.js";
import { ask, latest } from "./api.js";
import { fresh, go, misunderstood, names, now, onChange, query, restate } from "./address.js";
import { drawAside } from "./aside.js";
import { byId, el, redraw, seldom } from "./dom.js";
import { Drawer, closeRun } from "./drawer.js";
import { drawFilters, focusFilter, tellFilter } from "./filters.js";
import { drawHead } from "./head.js";
import { listenToKeys, showKeys } from "./keys.js";
import { listen } from "./live.js";
import { Table } from "./table.js";
import { short } from "./words.js";

const VIEWS = [["table", "Table"], ["plots", "Plots"], ["curves", "Curves"], ["plan", "Plan"]];

/** What changes the view, of what does not change the question. */
const CHANGE_VIEW = ["view", "scalar", "scale", "pick"];

let store = null;
let batches = [];
let answer = null;
let hasBegun = false;
let isEmpty = false; // whether nothing had been run when the store was read last
let beside = null; // what was told beside the runs; null if the filter is none
let answered = null; // the parameters of the question that the table answers
const askRuns = latest();
const drawer = new Drawer();
const open = (id, replace = false) => go({ run: short(id), tab: now().run === null ? null : now().tab, with: null, path: null }, { replace });

const places = Object.fromEntries(VIEWS.map(([name]) => [name, el("div", { class: `view of-${name}`, hidden: true })]));
const table = new Table(places.table, { open, pick, pickAll, begin, failed: (error) => trouble(error.message) });

/** The other views, each fetched when it is first looked at. */
const views = {};
const makeView = {
  plots: async () => new (await import("./plots.js")).Plots(places.plots, { open }),
  curves: async () => new (await import("./curves.js")).Curves(places.curves, { open, rows: () => table.pages.pages.get(0)?.rows ?? [] }),
  plan: async () => new (await import("./plan.js")).Plan(places.plan, { open }),
};

function view(name) {
  views[name] ??= makeView[name]();
  return views[name];
}

const present = () => {
  const { view: name } = now();
  return VIEWS.some(([one]) => one === name) ? name : "table";
};

function batchHere() {
  return batches.find((one) => names(now().batch, one.id)) ?? null;
}

function drawAround() {
  const batch = batchHere();
  drawAside(store, batches);
  drawHead(batch, answer, openBest, statusOf);
  drawFilters(store);
  const shown = present();
  redraw(byId("tabs"),
    ...VIEWS.map(([name, title]) =>
      el("button", { role: "tab", "aria-selected": String(name === shown), "data-view": name, onclick: () => openView(name) }, title)),
    el("span", { class: "room" }),
    el("span", { class: "muted", id: "count" }, counted()),
  );
  document.title = batch ? `${batch.operation} ${short(batch.id)} · ${store.project}` : `${store.project} · runs`;
}

/** The status of a run by its short id, as the table had it last; undefined if it never had. */
const statuses = new Map();
function statusOf(id) {
  const place = table.pages.placeOf(table.fullId(id));
  if (place >= 0) statuses.set(id, table.pages.row(place).status);
  return statuses.get(id);
}

/** Open the best run, with its row in sight. */
function openBest(best) {
  if (best.place !== null && present() === "table") table.choose(best.place);
  go({ run: short(best.id), tab: null, with: null, path: null });
}

function counted() {
  if (answer === null) return "";
  const total = answer.total.toLocaleString("en");
  const runs = answer.unbrushed === 1 ? "run" : "runs";
  return answer.total === answer.unbrushed ? `${total} ${runs}` : `${total} of ${answer.unbrushed.toLocaleString("en")} ${runs}`;
}

/** Ask for the runs that are meant; where it is the same question as before, rows stay in place. */
async function loadRuns(isSame) {
  const parameters = query(now());
  try {
    const found = await askFor(parameters, isSame);
    if (found === null) return;
    tellBeside(found.told);
    trouble(null);
    if (isOtherwiseNamed(found)) restate({ batch: short(found.batch) });
    await take(query(now()), found, isSame);
    await showView();
  } catch (error) {
    beside = null;
    if (error.status === 400 || error.status === 404) await showDespite(error);
    else trouble(error.message);
  }
}

/** Whether the address names the batch as commands may (`last:batch`, a few digits), but what is
    shown is told by eight: then it is to name it so. */
const isOtherwiseNamed = ({ batch }) => batch !== null && now().batch !== null && !names(now().batch, batch);

/** Tell what the runs were shown without, and what the address says that nothing is shown by. */
function tellBeside(told) {
  beside = told;
  tellFilter([...misunderstood(location.search), ...told], { isOfFilter: false });
}

function askFor(parameters, isSame) {
  const asked = new URLSearchParams(parameters);
  if (isSame) asked.set("offset", String(firstInSight()));
  return askRuns("runs", asked);
}

async function take(parameters, found, isSame, isTable = present() === "table") {
  answer = found;
  answered = parameters;
  places.table.hidden = !isTable;
  if (isSame) await table.update(found);
  else await table.show(parameters, found);
  drawAround();
}

/** What is asked is a mistake: tell it, and show the runs that were shown before or, where those
    are of another batch or there were none, the whole batch; where that is unknown, all runs. */
async function showDespite(mistake) {
  const { batch } = now();
  const held = answered !== null && answered.get("batch") === batch ? [answered] : [];
  const wholes = [new URLSearchParams(batch ? { batch } : {}), new URLSearchParams()];
  const { message } = mistake;
  const wrong = query(now()).toString();
  for (const parameters of [...held, ...wholes].filter((one) => one.toString() !== wrong)) {
    try {
      const isSame = parameters === answered;
      const found = await askFor(parameters, isSame);
      if (found === null) return undefined;
      if (isOtherwiseNamed(found)) {
        restate({ batch: short(found.batch) });
        parameters.set("batch", short(found.batch));
      }
      const are = batch && !parameters.has("batch") ? ["These are all runs"] : [];
      tellFilter([...message.split("\n"), ...misunderstood(location.search), ...are]);
      trouble(null);
      if (!isSame) hideOthers();
      await take(parameters, found, isSame, !isSame || present() === "table");
      table.redraw();
      return undefined;
    } catch (error) {
      if (error.status !== 400 && error.status !== 404) return trouble(error.message);
    }
  }
  return trouble(message);
}

/** The table is shown whatever the view: another one would ask the same mistake. */
function hideOthers() {
  for (const [name] of VIEWS) if (name !== "table") places[name].hidden = true;
}

const firstInSight = () => Math.max(0, Math.floor((table.built ? table.body().scrollTop : 0) / 30 / 100)) * 100;

async function showView() {
  const shown = present();
  for (const [name] of VIEWS) places[name].hidden = name !== shown;
  if (shown === "table") {
    await table.look();
    return;
  }
  try {
    await (await view(shown)).show(answer);
  } catch (error) {
    if (error.status === 400) tellFilter(error.message.split("\n"));
    else trouble(error.message);
  }
}

/** What to do in a project in which nothing has been run. */
function begin() {
  const sweep = el("code", {}, "runner -m lr=0.1,0.01");
  if (store.has_conf) return ["Nothing has been run yet: ", sweep, " starts a sweep."];
  return ["Nothing has been run yet: ", el("code", {}, "runner init train.py"), " makes this folder a project for a script, ", sweep, " then starts a sweep."];
}

function trouble(message) {
  const place = byId("trouble");
  place.hidden = !message;
  place.textContent = message ?? "";
}

function pick(id, isChosen) {
  const others = now().pick.filter((one) => one !== short(id));
  go({ pick: isChosen ? [...others, short(id)] : others }, { replace: true });
}

function pickAll(ids, areChosen) {
  const shown = ids.map(short);
  const others = now().pick.filter((one) => !shown.includes(one));
  go({ pick: areChosen ? [...others, ...shown] : others }, { replace: true });
}

/** What has changed in the store: told by the stream, drawn at most once a second. */
const changed = { runs: false, ids: new Set(), all: false };
const catchUp = seldom(async () => {
  const { all, ids, runs } = changed;
  changed.all = changed.runs = false;
  changed.ids = new Set();
  if (all) {
    const wasEmpty = isEmpty;
    store = await ask("store");
    batches = store.batches;
    isEmpty = store.total === 0;
    if (wasEmpty || isPlanOfNone()) goToNewest();
  }
  drawAround();
  if (all || runs) await loadRuns(true);
  if (drawer.run !== null && !drawer.isGone && (all || ids.has(drawer.run.id))) await drawer.refresh();
}, 1000);

function hear(news) {
  trouble(news.trouble ?? null);
  drawStarts(news.starts);
  store.total = news.total;
  if (news.all) changed.all = true;
  else {
    const held = new Map(batches.map((batch) => [batch.id, batch]));
    const unknown = news.batches.filter((batch) => !held.has(batch.id));
    for (const batch of news.batches) held.set(batch.id, batch);
    for (const id of news.gone) held.delete(id);
    const chosen = now().pick.filter((one) => !news.gone.some((id) => id.startsWith(one)));
    if (chosen.length < now().pick.length) go({ pick: chosen }, { replace: true });
    batches = [...unknown, ...[...held.values()].filter((batch) => !unknown.includes(batch))];
    if (news.changed.includes(drawer.run?.id)) drawer.isGone = false; // it may have been brought back
    if (news.gone.includes(drawer.run?.id)) drawer.tellGone(`there is no run ${short(drawer.run.id)} any more`);
    if (news.changed.some((id) => !changed.ids.has(id)) || news.gone.length) changed.runs = true;
    if (unknown.length || news.gone.length) changed.all = true;
    for (const id of [...news.changed, ...news.gone]) changed.ids.add(id);
  }
  if (changed.all || changed.runs) catchUp();
}

onChange(async (state, before) => {
  if (!hasBegun) return; // the start asks for what the address says by then
  const isSame = query(state).toString() === query(before).toString();
  drawAround();
  if (isSame && beside !== null) tellBeside(beside);
  if (!isSame) await loadRuns(false);
  else if (CHANGE_VIEW.some((name) => String(state[name]) !== String(before[name])) || (state.view === "curves" && state.run !== before.run)) await showView();
  if (state.pick.join() !== before.pick.join()) drawer.tellPicked();
  const parts = ["run", "tab", "with", "path"];
  if (parts.some((name) => state[name] !== before[name])) {
    await table.draw();
    await drawer.show();
    table.redraw();
  }
});

function escape() {
  if (now().run !== null) closeRun();
  else if (now().where) go({ where: null });
  else if (now().pick.length) go({ pick: [] }, { replace: true });
}

const openTab = (tab) => () => {
  if (now().run !== null) go({ tab, path: null });
};
const viewOn = (name) => () => openView(name);
listenToKeys(
  {
    ArrowDown: () => table.move(1),
    ArrowUp: () => table.move(-1),
    j: () => table.move(1),
    k: () => table.move(-1),
    PageDown: () => table.move(20),
    PageUp: () => table.move(-20),
    Home: () => table.choose(0),
    End: () => table.choose(table.total - 1),
    Enter: () => table.activeId && open(table.activeId),
    x: () => table.activeId && pick(table.activeId, !now().pick.includes(short(table.activeId))),
    "/": focusFilter,
    "?": showKeys,
    b: toggleAside,
    l: openTab("log"),
    f: openTab("files"),
    d: openTab("diff"),
    1: viewOn("table"),
    2: viewOn("plots"),
    3: viewOn("curves"),
    4: viewOn("plan"),
  },
  escape,
);

/** Show the batches, or hide them; beside an open run a narrow window shows them only if asked. */
function toggleAside() {
  const isShown = byId("aside").getClientRects().length > 0;
  document.body.classList.toggle("no-aside", isShown);
  document.body.classList.toggle("with-aside", !isShown);
}

const THEMES = ["auto", "light", "dark"];
function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}
function setTheme(chosen) {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("theme", chosen);
  } catch {
    // storage is off: it holds until the page is left
  }
  drawTheme();
  redrawColours();
}
function drawTheme() {
  byId("theme").textContent = { auto: "◐", light: "☀", dark: "☾" }[theme()];
}
async function redrawColours() {
  (await views.plots)?.draw();
  if (present() === "curves") (await views.curves)?.draw();
}

/** Look at the newest batch, unless the address says what is looked at: a view that is one of a
    batch does not. */
function goToNewest() {
  if (!batches.length) return;
  const batch = short(batches[0].id);
  if (location.search === "") go(fresh({ batch }), { replace: true });
  else if (isPlanOfNone()) go({ batch }, { replace: true });
}

const isPlanOfNone = () => now().view === "plan" && !now().batch;

/** Look at what is seen in another view; the plan of all runs is that of the newest batch. */
function openView(name) {
  const isOfBatch = name === "plan" && !now().batch && batches.length;
  go(isOfBatch ? { ...fresh({ batch: short(batches[0].id) }), view: name } : { view: name === "table" ? null : name });
}

async function start() {
  byId("view").append(...Object.values(places));
  byId("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % 3]));
  byId("keys").addEventListener("click", showKeys);
  byId("aside-toggle").addEventListener("click", toggleAside);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawColours);
  drawTheme();
  whenDone((name, given) => {
    if (name === "delete") {
      if (drawer.isOf(given.ids)) closeRun();
      go({ pick: now().pick.filter((one) => !given.ids.some((id) => id.startsWith(one))) }, { replace: true });
    }
    loadRuns(true);
  });
  try {
    store = JSON.parse(document.querySelector("meta[name=store]").content) ?? (await ask("store"));
  } catch (error) {
    trouble(error.message);
    return;
  }
  batches = store.batches;
  byId("store").textContent = store.store;
  drawStarts(store.starts);
  isEmpty = store.total === 0;
  goToNewest();
  hasBegun = true;
  drawAround();
  listen(store.cursor, hear);
  await Promise.all([loadRuns(false), drawer.show()]);
  if (now().run !== null) table.redraw();
  document.body.classList.add("ready");
}

addEventListener("unhandledrejection", (event) => toast(String(event.reason?.message ?? event.reason)));
start();

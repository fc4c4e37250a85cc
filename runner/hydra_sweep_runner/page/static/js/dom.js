/* Elements, made without HTML: what comes from runs is only ever text. */

/** An element: `class`, `title` and other attributes, listeners as `onclick` and so on, and
    children, of which strings and numbers become text and null nothing. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(...nodes(children));
  return element;
}

/** The same in SVG. */
export function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, properties);
  element.append(...nodes(children));
  return element;
}

function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) hear(element, name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Listeners are held beside their elements, so that `redraw` can give an element new ones. */
const heard = new WeakMap();

function hear(element, type, act) {
  if (!heard.has(element)) heard.set(element, {});
  heard.get(element)[type] = act;
  element.addEventListener(type, (event) => heard.get(element)[type](event));
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/** Put children in the place of those that an element has. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** Put children in the place of those that an element has, and keep what is alike: a button that
    is being pressed, what has the focus, the open list of a select. What is kept listens as the
    new one would, so listeners use `event.currentTarget`, not an element of their own. */
export function redraw(element, ...children) {
  redrawNodes(element, nodes(children));
}

function redrawNodes(element, fresh) {
  const held = [...element.childNodes];
  fresh.forEach((node, at) => {
    if (at >= held.length) element.append(node);
    else if (isAlike(held[at], node)) become(held[at], node);
    else held[at].replaceWith(node);
  });
  for (const node of held.slice(fresh.length)) node.remove();
}

/** Whether a node can become another without being mistaken for it: two statuses, batches or
    buttons of different names are never one. */
function isAlike(node, other) {
  if (node.nodeName !== other.nodeName) return false;
  if (!(node instanceof Element)) return true;
  const types = (of) => Object.keys(heard.get(of) ?? {}).join();
  return types(node) === types(other) && ["data-is", "data-status", "data-batch", "id"].every((name) => node.getAttribute(name) === other.getAttribute(name));
}

function become(node, other) {
  if (!(node instanceof Element)) {
    if (node.nodeValue !== other.nodeValue) node.nodeValue = other.nodeValue;
    return;
  }
  for (const { name } of [...node.attributes]) if (name !== "style" && !other.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of other.attributes) if (name !== "style" && node.getAttribute(name) !== value) node.setAttribute(name, value);
  if (node.style.cssText !== other.style.cssText) node.style.cssText = other.style.cssText;
  if (heard.has(other)) Object.assign(heard.get(node), heard.get(other));
  const { value, checked } = other;
  redrawNodes(node, [...other.childNodes]);
  if (node instanceof HTMLSelectElement && node.value !== value) node.value = value;
  if (node instanceof HTMLInputElement) node.checked = checked;
}

export const byId = (id) => document.getElementById(id);

/** A CSS variable's value. */
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Call `act` once, a while after the last call. */
export function later(act, wait_ms) {
  let timer = null;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait_ms);
  };
}

/** Call `act` at most once in so many milliseconds, the last call never lost. */
export function seldom(act, wait_ms) {
  let timer = null;
  let last_ms = 0;
  return () => {
    if (timer !== null) return;
    const left_ms = Math.max(0, last_ms + wait_ms - performance.now());
    timer = setTimeout(() => {
      timer = null;
      last_ms = performance.now();
      act();
    }, left_ms);
  };
}

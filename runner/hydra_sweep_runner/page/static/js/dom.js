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
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
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

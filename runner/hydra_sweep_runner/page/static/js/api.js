/* What the server is asked. An answer that is an error is thrown, with the server's words. */

const token = document.querySelector('meta[name="token"]').content;

export const mayChange = token !== "";

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function answered(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    throw new Refused(`the server answered ${response.status} without saying why`, response.status);
  }
  if (!response.ok) throw new Refused(body.error ?? `error ${response.status}`, response.status);
  if (body.mistake) throw new Refused(body.mistake, 400);
  return body;
}

/** `GET /api/NAME` with parameters: an object, or URLSearchParams. */
export async function ask(name, parameters = {}, { signal } = {}) {
  const asked = new URLSearchParams(parameters).toString();
  return answered(await fetch(`/api/${name}${asked ? `?${asked}` : ""}`, { signal }));
}

/** What an action would do or, with `perform`, what it has done. */
export async function act(name, given, perform = false) {
  return answered(
    await fetch(`/api/actions/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Runner-Token": token },
      body: JSON.stringify({ ...given, do: perform }),
    }),
  );
}

/** The address of a run's file as it is. */
export function fileAddress(id, path, save = false) {
  return `/download?${new URLSearchParams({ id, path, ...(save ? { save: "1" } : {}) })}`;
}

/** The address of a run's whole log, to be saved. */
export const logAddress = (id) => `/download?${new URLSearchParams({ id, log: "1" })}`;

/** A question that only the last asking of counts: earlier ones are given up. */
export function latest() {
  let controller = null;
  return async (name, parameters) => {
    controller?.abort();
    controller = new AbortController();
    const mine = controller;
    try {
      const found = await ask(name, parameters, { signal: mine.signal });
      return mine === controller ? found : null;
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error;
    }
  };
}

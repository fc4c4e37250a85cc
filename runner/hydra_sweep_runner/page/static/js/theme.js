/* The theme that was chosen, before anything is drawn: light, dark, or the system's. */
"use strict";
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // storage is off: the system's theme it is
}

/* Values as people read them. Pure. */

export const STATUSES = [
  "running", "error", "terminated", "unreadable", "completed", "pending", "not created",
];

const GLYPHS = {
  running: "▶", error: "✕", terminated: "■", unreadable: "!", completed: "✓", pending: "○",
  "not created": "·", gone: "–",
};

export const glyph = (status) => GLYPHS[status] ?? "?";
export const statusClass = (status) => `s-${String(status).replace(" ", "-")}`;
export const short = (id) => String(id).slice(0, 8);

/** Which of the words was probably meant by one that is a letter or two off; null if none was. */
export function nearest(text, words) {
  if (text.length > 40) return null;
  const far = words.map((word) => [distance(text.toLowerCase(), word), word]);
  const [least, word] = far.reduce((one, other) => (other[0] < one[0] ? other : one), [3, null]);
  return least < text.length ? word : null;
}

/** How many letters have to be put in, left out or changed to make one word of another. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1);
}

/** A number in six significant digits, as runner's tables have it; any other value as it is. */
export function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const text = value.toPrecision(6);
  if (text.includes("e")) return text.replace(/\.?0+e/, "e");
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Seconds: `0.4 s`, `12 s`, `3 m 5 s`, `2 h 7 m`, `3 d 4 h`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [m, s] = [Math.floor(whole / 60), whole % 60];
  if (m < 60) return `${m} m ${s} s`;
  const [h, rest] = [Math.floor(m / 60), m % 60];
  return h < 24 ? `${h} h ${rest} m` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time in this machine's zone: `12:00:05` today, `31 Jan 12:00` this year, else the day. */
export function time(iso, now = new Date()) {
  if (!iso) return "";
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return String(iso);
  const two = (n) => String(n).padStart(2, "0");
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return `${clock}:${two(at.getSeconds())}`;
  const isNear = Math.abs(now - at) < 300 * 24 * 3600 * 1000;
  if (isNear) return `${at.getDate()} ${MONTHS[at.getMonth()]} ${clock}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Bytes: `812 B`, `3.4 kB`, `12 MB`. */
export function bytes(count) {
  let left = count;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (left < 1000) return unit === "B" || left >= 100 ? `${Math.round(left)} ${unit}` : `${left.toFixed(1)} ${unit}`;
    left /= 1000;
  }
  return `${left.toFixed(1)} TB`;
}

export const many = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

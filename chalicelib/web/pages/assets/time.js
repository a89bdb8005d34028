// Time as the service counts it: this computer's clock may be wrong, and only differences of it are used.

let ahead = 0; // milliseconds by which the service's clock is ahead of `performance.now()`

// Believe this moment (milliseconds since 1970) to be now; again at each answer, since a clock may be moved.
export function setNow(milliseconds) {
  ahead = milliseconds - performance.now();
}

export function now() {
  return performance.now() + ahead;
}

// "Tuesday, 24 November 2026 at 14:55 CET", in the reader's own time zone.
export function moment(milliseconds) {
  return new Date(milliseconds).toLocaleString("en-GB", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
}

function counted(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

// "1 day 2 hours", "23 hours 4 minutes", "4 minutes 9 seconds": two parts are enough to act on.
export function span(milliseconds) {
  const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
  const parts = [
    [Math.floor(seconds / 86400), "day"], [Math.floor(seconds / 3600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"],
  ];
  const first = Math.min(parts.findIndex(([number]) => number > 0) >>> 0, 3);
  return parts.slice(first, first + 2).filter(([number], place) => number > 0 || place === 0).map(([number, word]) => counted(number, word)).join(" ");
}

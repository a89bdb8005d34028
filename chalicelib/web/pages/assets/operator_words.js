// How the operator's page says a moment: the form of logs, so that both can be compared.

// "2026-11-23 10:00:00 UTC"
export function stamp(rfc3339) {
  return rfc3339.replace("T", " ").replace(/Z$/, " UTC");
}

// "10:00:00", where the day is said elsewhere
export function clock(rfc3339) {
  return rfc3339.slice("2026-11-23T".length, -1);
}

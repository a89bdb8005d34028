// The machine: its clock, processes, builds, provider and servers.

import { call, element, say, start } from "./room.js";

function time(iso) {
  return iso.replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, " UTC");
}

function span(seconds) {
  const parts = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  return parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

function head(text, scope) {
  const made = element("th", text);
  made.scope = scope;
  return made;
}

function framed(title, parts) {
  const box = element("div", "", [element("table", "", [element("caption", title), ...parts])]);
  box.className = "scroll";
  box.tabIndex = 0;
  box.role = "region";
  box.ariaLabel = title;
  return box;
}

// One line a row; `columns` are pairs of a row's member and its heading.
function list(title, columns, rows) {
  if (rows.length === 0) {
    return element("p", `${title}: none.`);
  }
  const heads = columns.map(([, heading]) => head(heading, "col"));
  const lines = rows.map((row) => element("tr", "", columns.map(([name]) => element("td", String(row[name] ?? "")))));
  return framed(title, [element("thead", "", [element("tr", "", heads)]), element("tbody", "", lines)]);
}

// One line a fact; facts that are not known are left out.
function facts(title, pairs) {
  const known = pairs.filter(([, value]) => value !== undefined);
  const lines = known.map(([name, value]) => element("tr", "", [head(name, "row"), element("td", String(value))]));
  return framed(title, [element("tbody", "", lines)]);
}

function provider(told) {
  return facts("Provider", [
    ["Kind", told.kind],
    ["Address of its API", told.endpoint],
    ["Time", told.time && time(told.time)],
    ["Servers' addresses", told.addresses?.join(", ")],
    ["Servers' SSH port", told.ssh_port],
    ["Share of real latencies", told.latency],
    ["It does not answer", told.error],
  ]);
}

async function show() {
  const state = await call("onebox/state");
  const ahead = state.clock.offset_seconds;
  document.getElementById("clock").textContent = `${time(state.clock.now)}, ${ahead > 0 ? `${span(ahead)} ahead of` : "the same as"} real time.`;
  document.getElementById("move").hidden = !state.clock.movable;
  document.getElementById("tables").replaceChildren(
    list("Processes", [["name", "Name"], ["pid", "Process"], ["starts", "Starts"]], state.processes),
    list("Builds", [["build", "Build"], ["state", "State"], ["exit_status", "Exit status"], ["log", "Log"]], state.builds),
    provider(state.provider),
    ...(state.provider.servers ? [list("Servers", [["name", "Name"], ["ip", "IP"], ["system", "System"]], state.provider.servers)] : []),
  );
  document.getElementById("state").hidden = false;
}

document.getElementById("move").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Moving…");
  try {
    const advance = document.getElementById("by").value.trim();
    const moved = await call("onebox/clock", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ advance }) });
    say(`It is ${time(moved.now)} now.`);
    await show();
  } catch (error) {
    say(error.message, true);
  }
});

start(show);

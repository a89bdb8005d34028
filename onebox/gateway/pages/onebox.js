// The machine: its clock, processes, builds and provider.

import { call, element, say, start } from "./room.js";

function table(title, rows) {
  if (rows.length === 0) {
    return element("p", `${title}: none.`);
  }
  const names = Object.keys(rows[0]);
  const heads = names.map((name) => {
    const head = element("th", name.replaceAll("_", " "));
    head.scope = "col";
    return head;
  });
  const lines = rows.map((row) => element("tr", "", names.map((name) => element("td", String(row[name] ?? "")))));
  const made = element("table", "", [
    element("caption", title),
    element("thead", "", [element("tr", "", heads)]),
    element("tbody", "", lines),
  ]);
  const box = element("div", "", [made]);
  box.className = "scroll";
  box.tabIndex = 0;
  box.role = "region";
  box.ariaLabel = title;
  return box;
}

async function show() {
  const state = await call("onebox/state");
  const hours = (state.clock.offset_seconds / 3600).toFixed(2);
  document.getElementById("clock").textContent = `${state.clock.now}, ${hours} hours ahead of real time.`;
  document.getElementById("move").hidden = !state.clock.movable;
  document.getElementById("tables").replaceChildren(
    table("Processes", state.processes),
    table("Builds", state.builds),
    table("Provider", Object.entries(state.provider).map(([name, value]) => ({ name, value: typeof value === "object" ? JSON.stringify(value) : value }))),
  );
  document.getElementById("state").hidden = false;
}

document.getElementById("move").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Moving…");
  try {
    const advance = document.getElementById("by").value.trim();
    const moved = await call("onebox/clock", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ advance }) });
    say(`It is ${moved.now} now.`);
    await show();
  } catch (error) {
    say(error.message, true);
  }
});

start(show);

// The reaper's runs, folded: what each looked at, did, left alone, and why. What is open stays open.

import { byId, element } from "./dom.js";
import { isNews } from "./operator_table.js";
import { stamp } from "./operator_words.js";

const NEWEST = 12;

// What the list's title says already is not said again in its lines.
function about(entry, title) {
  const what = entry.what.toLowerCase() === title.toLowerCase() ? [] : [entry.what];
  const whose = entry.instance_id === null ? [] : [`machine ${entry.instance_id}`];
  const where = entry.server_id === null ? [] : [`server ${entry.server_id}`];
  const said = [...what, ...whose, ...where].join(" ");
  return said === "" ? entry.why : `${said}: ${entry.why}`;
}

function list(title, lines) {
  if (lines.length === 0) {
    return [];
  }
  const made = element("ul");
  made.append(...lines.map((line) => element("li", line)));
  return [element("p", `${title}:`), made];
}

function headline(run) {
  const kind = run.dry_run ? "dry run" : "run";
  const counts = `${run.did.length} ${run.dry_run ? "to do" : "done"}, ${run.skipped.length} left alone`;
  const errors = run.errors.length === 0 ? "" : `, ${run.errors.length} errors`;
  return `${stamp(run.requested_at)}: ${kind} ${run.state}, ${counts}${errors}${run.frozen === null ? "" : ", frozen"}`;
}

function folded(run, open) {
  const made = element("details");
  made.dataset.run = run.id;
  made.open = open;
  const did = run.dry_run ? "Would do" : "Did";
  const looked = `Looked at ${run.looked_at.rows} rows and ${run.looked_at.servers} servers.`;
  made.append(
    element("summary", headline(run)),
    element("p", run.frozen === null ? looked : `${looked} Frozen: ${run.frozen}.`),
    ...list(did, run.did.map((entry) => about(entry, did))),
    ...list("Left alone", run.skipped.map((entry) => about(entry, "Left alone"))),
    ...list("Errors", run.errors),
  );
  return made;
}

// `unfold` is the id of a run that somebody waits for.
export function drawRuns({ runs }, unfold = null) {
  const shown = runs.slice(0, NEWEST);
  if (!isNews("runs", shown) && unfold === null) {
    return;
  }
  const place = byId("runs");
  const open = new Set([...place.querySelectorAll("details[open]")].map((each) => each.dataset.run));
  const focused = document.activeElement?.closest("details[data-run]")?.dataset.run;
  place.replaceChildren(...(shown.length === 0 ? [element("p", "It has not run yet.")] : []), ...shown.map((run) => folded(run, open.has(run.id) || run.id === unfold)));
  const again = focused && place.querySelector(`details[data-run="${CSS.escape(focused)}"] summary`);
  again?.focus();
}

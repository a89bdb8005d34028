// Drawing what the operator has to know. Nothing is decided here, and nothing is asked.

import { byId, element, show, write } from "./dom.js";
import { fill, isNews } from "./operator_table.js";
import { clock, stamp } from "./operator_words.js";

const NEWEST = 20; // entries of the audit
const MARKERS = {
  ours: "there, and ours",
  missing: "missing: nothing is deleted, and no loss is believed",
  foreign: "of another stack: nothing is deleted",
};

function newMachines(state) {
  if (state.stack.paused) {
    return "switched off";
  }
  if (state.breaker.open_until !== null) {
    return `held back until ${stamp(state.breaker.open_until)}`;
  }
  return `switched on, signing up is ${state.signup === "allowlist" ? "for a list of domains" : state.signup}`;
}

function summary(state) {
  const trouble = [
    ...(state.stack.paused ? ["New machines are switched off."] : []),
    ...(state.breaker.reason === null ? [] : [state.breaker.reason]),
    ...(state.stack.frozen === null ? [] : [`Deleting is frozen: ${state.stack.frozen}.`]),
    ...(state.late.length === 0 ? [] : [`${state.late.length} ${state.late.length === 1 ? "is" : "are"} late.`]),
  ];
  return trouble.length === 0 ? "All is well." : trouble.join(" ");
}

function failedBuilds({ count, more, hours, by_cause: causes }) {
  const named = Object.entries(causes).map(([cause, number]) => `${number} ${cause.replaceAll("_", " ")}`);
  const all = `${count === 0 ? "none" : count}${more ? " or more" : ""} in ${hours} h`;
  return named.length === 0 ? all : `${all}: ${named.join(", ")}`;
}

// When the breaker has closed by itself, the next failure is the first of a row again.
function inARow({ failures_in_a_row: count, held_back_from: most, cause, open_until: until }) {
  return count === 0 || (count >= most && until === null) ? "none" : `${count} of ${most} that hold new machines back: ${cause.replaceAll("_", " ")}`;
}

// Nothing is said of it where the service is of the release before this page's, as for minutes of a deployment.
function builds({ failed_builds: failed, breaker }) {
  return failed ? [["Failed builds", failedBuilds(failed)], ["Failed in a row", inARow(breaker)]] : [];
}

function facts(state) {
  const { live, creates, provider_requests: requests, spend, stack } = state;
  return [
    ["New machines", newMachines(state)],
    ...builds(state),
    ["Deleting", stack.frozen ?? "as usual"],
    ["Marker", MARKERS[stack.marker.state] ?? "not looked for yet"],
    ["Machines", `${live.now} of at most ${live.most}`],
    ["Made in the last hour", `${creates.this_hour} of at most ${creates.most}`],
    ["Requests to the provider", `${requests.this_hour} of at most ${requests.most} in the last hour`],
    ...(requests.this_hour === 0 ? [] : [["These are forgotten at", stamp(requests.resets_at)]]),
    [`Set aside in ${spend.month}`, `${spend.reserved_eur} of at most ${spend.cap_eur} EUR`],
    ["They have cost", `${spend.so_far_eur} EUR so far`],
    ["They will cost", `${spend.projected_eur} EUR until their ends`],
    ["Last sweep", stack.swept_at === null ? "none yet" : stamp(stack.swept_at)],
  ];
}

export function drawState(state) {
  write("summary", summary(state));
  const known = facts(state);
  if (isNews("facts", known)) {
    byId("facts").replaceChildren(...known.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  }
  const held = state.stack.paused || state.breaker.open_until !== null;
  show("resume", held);
  show("pause", !state.stack.paused);
  show("accept", state.stack.frozen !== null);
  show("plant", state.stack.marker.state === "missing");
  const late = [
    ...state.late,
    ...state.undelivered.map((mail) => ({ ...mail, status: `mail ${mail.mail}`, why: mail.state, since: null })),
  ];
  const columns = [
    ["Machine", (row) => row.instance_id, "id"], ["Status", (row) => row.status], ["Why", (row) => row.why],
    ["Since", (row) => row.since && stamp(row.since), "time"],
  ];
  fill("late", "Late machines and mails that did not arrive", columns, late, "Nothing.");
}

export function drawMachines(page) {
  const columns = [
    ["Machine", (row) => row.id, "id"], ["Status", (row) => row.status], ["Address", (row) => row.ip],
    ["E-mail", (row) => row.email], ["Ends", (row) => row.expires_at && stamp(row.expires_at), "time"],
    ["EUR so far", (row) => row.cost.so_far_eur, "number"], ["EUR in all", (row) => row.cost.projected_eur, "number"],
  ];
  const title = page.next_cursor === null ? "Machines, newest first" : "The newest machines; ccc list shows all";
  fill("machines", title, columns, page.instances, "No machine.");
}

function token(entry) {
  return [entry.token ?? "none", entry.token_name].filter(Boolean).join(" ");
}

export function drawAudit(page) {
  const columns = [
    ["When", (row) => clock(row.at), "time"], ["Who", (row) => row.who], ["Token", token], ["Did", (row) => row.did.replaceAll("_", " ")],
    ["Machine", (row) => row.instance_id, "id"], ["About", (row) => row.about || null],
  ];
  fill("audit", "Changes of today in UTC, newest first", columns, page.entries.slice(0, NEWEST), "Nothing was changed yet.");
}

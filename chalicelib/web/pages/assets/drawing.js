// Drawing the instance as the service shows it; nothing is decided here, and nothing is asked.

import { byId, element, show, write } from "./dom.js";
import { moment, now, span } from "./time.js";
import { ENDINGS, STAGES, STATES, seconds } from "./words.js";

const ENDED = new Set(["deleted", "failed"]);
const mostHours = Number(byId("instance").dataset.mostHours);

let shown = null;

function state(instance) {
  const why = ENDINGS[instance.end_reason];
  const told = why && instance.status !== "failed" ? ` ${why}` : "";
  return `${STATES[instance.status] ?? instance.status}${told}`;
}

function stageLine(name, stage, current, step) {
  const said = STAGES[name] ?? name;
  if (!stage) {
    return element("li", said, "later");
  }
  const spent = current ? Math.max(Math.floor((now() - Date.parse(stage.started_at)) / 1000), 0) : stage.seconds;
  const slow = current && stage.slow_seconds !== null && spent > stage.slow_seconds;
  const usually = stage.usual_seconds === null ? "" : `, usually ${seconds(stage.usual_seconds)}${slow ? ": much longer than usual" : ""}`;
  const doing = current && step ? ` (${step})` : "";
  return element("li", `${said}: ${current ? "now, for " : ""}${seconds(spent)}${usually}${doing}`, current ? "now" : "");
}

function progressTitle(instance) {
  if (["creating", "installing"].includes(instance.status)) {
    return "How far it is";
  }
  return instance.running_at === null ? "How far it came" : "How it was made";
}

// Which try this is: said from the second on, since most machines need no more than one.
function attempt(instance) {
  const { number = 1, most, begun_again: why } = instance.attempt ?? {};
  const again = why ? `, begun again: ${why}` : ".";
  show("attempt", number > 1);
  write("attempt", ENDED.has(instance.status) ? `It was tried ${number} times.` : `Attempt ${number} of ${most}${again}`);
}

function stages(instance) {
  const known = new Map(instance.stages.map((stage) => [stage.name, stage]));
  const names = [...new Set([...Object.keys(STAGES), ...known.keys()])];
  const wanted = ENDED.has(instance.status) || instance.status === "deleting" ? [...known.keys()] : names;
  const line = (name) => stageLine(name, known.get(name), name === instance.stage, instance.step);
  byId("stages").replaceChildren(...wanted.map(line));
  write("progress-title", progressTitle(instance));
  attempt(instance);
  show("progress", known.size > 0 || (instance.attempt?.number ?? 1) > 1 || ["creating", "installing"].includes(instance.status));
}

function login(instance) {
  show("login", instance.ssh_command !== null);
  write("ssh_command", instance.ssh_command ?? "");
  write("fingerprint", instance.host_key?.fingerprint ?? "");
  write("known_hosts", instance.host_key?.known_hosts ?? "");
}

function time(instance) {
  const left = instance.extension?.hours_left ?? 0;
  const most = Math.min(left, mostHours);
  show("time", instance.seconds_left !== null);
  show("extend", most > 0);
  show("no_more", most === 0);
  byId("hours").max = most;
  write("hours-hint", `From 1 to ${most}. In all, its end can still be moved by ${left} ${left === 1 ? "hour" : "hours"}.`);
}

function fact(name, value) {
  return value === null ? [] : [element("dt", name), element("dd", value)];
}

function facts(instance) {
  byId("facts").replaceChildren(
    ...fact("Server type", instance.server_type), ...fact("Location", instance.location), ...fact("Address", instance.ip),
    ...fact("Asked for", moment(Date.parse(instance.created_at))),
    ...(instance.running_at ? fact("Ready", moment(Date.parse(instance.running_at))) : []),
    ...(instance.ended_at ? fact("Ended", moment(Date.parse(instance.ended_at))) : []),
  );
  show("about");
  show("choice_note", instance.choice_note !== null);
  write("choice_note", instance.choice_note ?? "");
}

function failure(instance) {
  show("failure", instance.failure !== null);
  show("retry", instance.status === "failed");
  write("failure-message", instance.failure?.message ?? "");
  write("failure-hint", instance.failure?.hint ?? "");
}

// What goes on between two looks: the countdown, and the seconds of the present stage.
export function tick() {
  if (shown?.expires_at) {
    const left = Date.parse(shown.expires_at) - now();
    write("left", left > 0 ? span(left) : "a moment");
  }
  if (shown?.stage) {
    stages(shown);
  }
}

export function draw(instance) {
  if (shown && shown.status !== instance.status) {
    write("told", ""); // what was done before is now seen in the state itself
  }
  shown = instance;
  const alive = !ENDED.has(instance.status) && instance.status !== "deleting";
  write("state", state(instance));
  document.title = `${STATES[instance.status] ?? instance.status} ${instance.name} · Claude Code Cloud`;
  for (const part of [failure, login, time, stages, facts]) {
    part(instance);
  }
  write("end", instance.expires_at ? moment(Date.parse(instance.expires_at)) : "");
  show("more");
  show("living", alive);
  show("another", ENDED.has(instance.status));
  tick();
}

// Nothing may be shown of an instance that this link does not open (any more).
export function clear() {
  shown = null;
  for (const id of ["failure", "login", "time", "progress", "about", "more", "another"]) {
    show(id, false);
  }
}

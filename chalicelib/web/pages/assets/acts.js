// What the owner can do: more time, end it, try again, a new link, read the log. Each says how it went.

import { byId, show, turn, write } from "./dom.js";
import { ask, newKey, post } from "./service.js";
import { moment } from "./time.js";

const REST_MS = 2000; // longer than two clicks of one wish can lie apart

let extending = { hours: null, key: null };

// One key for the same wish until it is answered: a second try of a lost request must not give the hours twice.
function keyFor(hours) {
  if (extending.hours !== hours) {
    extending = { hours, key: newKey() };
  }
  return extending.key;
}

async function extend() {
  const hours = Number(byId("hours").value);
  try {
    const answer = await post("/extend", { hours }, keyFor(hours));
    extending = { hours: null, key: null };
    return `It now ends ${moment(Date.parse(answer.expires_at))}.`;
  } catch (error) {
    if (error.status > 0 && error.status < 500) {
      extending = { hours: null, key: null };
    }
    throw error;
  }
}

function sure() {
  const dialog = byId("sure");
  dialog.returnValue = "no"; // Escape closes without an answer
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function end() {
  if (!(await sure())) {
    return "It was kept.";
  }
  await ask("", { method: "DELETE" });
  return "It is being ended.";
}

async function retry() {
  const made = await post("/retry");
  location.assign(`${byId("instance").dataset.pages}${made.id}#${made.manage_token}`);
  return "A new machine is being made.";
}

async function rotate() {
  const { manage_token: token } = await post("/rotate-token");
  history.replaceState(null, "", `#${token}`);
  return "The new link is in the address bar now: keep it. All older links are dead.";
}

async function log() {
  const { attempt, log: text } = await (await ask("/log")).json();
  const head = attempt && attempt.number > 1 ? `Attempt ${attempt.number} of ${attempt.most}:\n` : "";
  write("log", text ? head + text : "There is no log yet.");
  show("log");
  byId("log").focus();
  return "";
}

// Do one thing at a time; `again` looks at the instance anew afterwards. With `rest` (milliseconds) its button stays off
// for so long after a success: what is clicked while one looks at the answer is no second wish.
function wire(id, event, act, again, rest = 0) {
  const place = byId(id);
  const button = place.querySelector("button[type=submit]") ?? place;
  let busy = false;
  const free = () => { busy = false; turn(button, true); };
  place.addEventListener(event, async (happened) => {
    happened.preventDefault();
    if (busy) {
      return;
    }
    busy = true;
    turn(button, false);
    try {
      write("told", "");
      write("told", await act());
      again();
      setTimeout(free, rest);
    } catch (error) {
      write("told", error.message);
      free();
    }
  });
}

export function offerActs(again) {
  wire("extend", "submit", extend, again, REST_MS);
  wire("end_now", "click", end, again);
  wire("retry", "click", retry, () => {});
  wire("rotate", "click", rotate, again);
  wire("show_log", "click", log, () => {});
}

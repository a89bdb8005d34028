// Looking at the instance again and again: held by the service where it can, else every few seconds; until it is gone.

import { Refusal, ask } from "./service.js";
import { setNow } from "./time.js";

const EVERY = 5_000;
const EVERY_WHEN_HIDDEN = 30_000;
const BETWEEN_HELD = 200; // should the service not hold the question after all, it is not flooded
const AFTER_TROUBLE = [2_000, 5_000, 10_000, 20_000, 30_000];
const ENDED = new Set(["deleted", "failed"]);
const FINAL = new Set([400, 401, 404, 410]);

const wait = Number(document.getElementById("instance").dataset.wait);

let etag = null;
let held = false; // whether the service may hold the next look until something changes
let running = null; // what ends the present round: its request or its pause
let round = 0; // counts the starts, so that an older loop sees that it is over

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
  });
}

async function look(signal) {
  const headers = etag === null ? {} : { "If-None-Match": etag };
  const path = held && wait > 0 ? `?wait=${wait}` : "";
  held = false; // after trouble or a hurry the next answer shall come at once
  const answer = await ask(path, { headers, signal });
  held = true;
  setNow(Date.parse(answer.headers.get("Date")) || Date.now());
  if (answer.status === 304) {
    return null;
  }
  const instance = await answer.json();
  etag = answer.headers.get("ETag");
  return instance;
}

function between() {
  if (document.hidden) {
    return EVERY_WHEN_HIDDEN;
  }
  return held && wait > 0 && etag !== null ? BETWEEN_HELD : EVERY;
}

// One look; the milliseconds until the next one, or null when there is to be none.
async function step(told, failures, signal) {
  try {
    const instance = await look(signal);
    told.calm();
    if (instance) {
      told.seen(instance);
    }
    return instance && ENDED.has(instance.status) ? null : between();
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
    told.trouble(error, FINAL.has(error.status));
    return FINAL.has(error.status) ? null : Math.max(AFTER_TROUBLE[Math.min(failures, AFTER_TROUBLE.length - 1)], error.wait * 1000);
  }
}

// Begin to look, at once; a loop that is under way ends. `told` has `seen(instance)`, `trouble(error, final)`, `calm()`.
export async function watch(told) {
  running?.abort();
  const mine = (round += 1);
  etag = null;
  held = false;
  let failures = 0;
  const failing = { ...told, calm() { failures = 0; told.calm(); }, trouble(...all) { failures += 1; told.trouble(...all); } };
  for (;;) {
    running = new AbortController();
    const { signal } = running;
    const next = await step(failing, failures, signal).catch((error) => {
      if (error.name !== "AbortError") {
        throw error;
      }
      return 0;
    });
    if (next === null || mine !== round) {
      return;
    }
    await pause(next, signal);
    if (mine !== round) {
      return;
    }
  }
}

// Look no more: there is nothing to ask with.
export function stop() {
  round += 1;
  running?.abort();
}

// Look now rather than after the pause: the page is seen again, or the network is back.
export function hurry() {
  running?.abort();
}

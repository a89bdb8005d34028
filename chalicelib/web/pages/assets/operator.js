// The operator's page: an empty shell until the token opens it; then it shows what is so, and keeps showing it.

import { byId, show, turn, write } from "./dom.js";
import { drawAudit, drawMachines, drawState } from "./operator_drawing.js";
import { drawRuns } from "./operator_runs.js";
import { Refusal, ask, forget, keep, post, token } from "./operator_service.js";
import { forgetDrawn } from "./operator_table.js";

const EVERY = 10_000;
const LOOK_AT_RUN = 500;
const LOOKS_AT_RUN = 120;
const OVER = new Set(["done", "failed", "interrupted"]);
const MACHINES = "/instances?limit=100";

function trouble(sentence) {
  write("trouble", sentence);
  show("trouble", sentence !== "");
}

// Nothing may be shown of a service that this token does not open.
function close(sentence) {
  forget();
  forgetDrawn();
  for (const id of ["facts", "late", "machines", "runs", "audit"]) {
    byId(id).replaceChildren();
  }
  write("summary", "");
  write("told", "");
  show("room", false);
  show("ask");
  trouble(sentence);
}

function complain(error) {
  if (!(error instanceof Refusal)) {
    throw error;
  }
  if (error.status === 401) {
    close(error.message);
    return;
  }
  trouble(error.message);
}

async function look(unfold = null) {
  const [state, machines, runs, audit] = await Promise.all(["/operator/state", MACHINES, "/reap/runs", "/operator/audit"].map((path) => ask(path)));
  drawState(state);
  drawMachines(machines);
  drawRuns(runs, unfold);
  drawAudit(audit);
  trouble("");
  show("ask", false);
  show("room");
}

function sure(id) {
  const dialog = byId(id);
  dialog.returnValue = "no"; // Escape closes without an answer
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function pause() {
  await post("/operator/pause");
  return "New machines are switched off. Machines that run go on.";
}

async function resume() {
  const done = await post("/operator/resume");
  return done.breaker_was_open ? "New machines are switched on, and the row of failures is forgotten." : "New machines are switched on.";
}

async function accept() {
  if (!(await sure("sure_accept"))) {
    return "It stays frozen.";
  }
  await post("/operator/accept-restore");
  return "The table counts. A dry run says what the reaper would do now.";
}

async function plant() {
  if (!(await sure("sure_plant"))) {
    return "No marker was planted.";
  }
  await post("/operator/accept-restore", { plant_marker: true });
  return "The marker is planted.";
}

async function dryRun() {
  const { id } = await post("/reap", { dry_run: true });
  for (let looks = 0; looks < LOOKS_AT_RUN; looks += 1) {
    const run = await ask(`/reap/runs/${id}`);
    if (OVER.has(run.state)) {
      await look(id);
      return run.did.length === 0 ? "It would do nothing." : `It would do ${run.did.length} ${run.did.length === 1 ? "thing" : "things"}: see below.`;
    }
    await new Promise((resolve) => { setTimeout(resolve, LOOK_AT_RUN); });
  }
  return "The dry run takes long; it will be in the list when it is done.";
}

// One thing at a time; what is seen afterwards is what has become of it.
function wire(id, act) {
  const button = byId(id);
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) {
      return;
    }
    busy = true;
    turn(button, false);
    try {
      write("told", "");
      const said = await act();
      await look();
      write("told", said);
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
      turn(button, true);
      if (button.hidden) {
        byId("glance-title").focus(); // who pressed it is not thrown back to the top of the page
      }
    }
  });
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(byId("token").value);
  byId("token").value = "";
  look().catch(complain);
});
for (const [id, act] of Object.entries({ pause, resume, accept, plant, dry_run: dryRun })) {
  wire(id, act);
}
byId("leave").addEventListener("click", () => close(""));
setInterval(() => {
  if (!document.hidden && token() !== null && byId("ask").hidden) {
    look().catch(complain);
  }
}, EVERY);
if (token() === null) {
  show("ask");
} else {
  look().catch(complain);
}

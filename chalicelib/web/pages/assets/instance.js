// The page of one instance: shows what the link in the address opens, and keeps showing it as it changes.

import { offerActs } from "./acts.js";
import { offerCopying } from "./copying.js";
import { byId, show, write } from "./dom.js";
import { clear, draw, tick } from "./drawing.js";
import { token } from "./service.js";
import { hurry, stop, watch } from "./watch.js";

const NO_TOKEN = "This link is not whole: what stands behind the # is missing. Copy it once more from the mail, the whole line.";
const DEAD = "This link does not work (any more): it is incomplete, a newer one has taken its place, or the machine is long gone. Look for the newest mail about it.";

function trouble(sentence) {
  write("trouble", sentence);
  show("trouble", sentence !== "");
}

const told = {
  seen: draw,
  calm: () => trouble(""),
  trouble(error, final) {
    if (final) {
      clear();
      write("state", "");
    }
    trouble(final ? DEAD : `${error.message} What is shown may be old; trying again.`);
  },
};

function start() {
  if (token() === null) {
    stop();
    clear();
    write("state", "");
    trouble(NO_TOKEN);
    return;
  }
  if (byId("state").textContent === "") {
    write("state", "Asking the service…");
  }
  watch(told);
}

offerActs(start);
offerCopying();
addEventListener("hashchange", () => { clear(); write("state", ""); start(); });
addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { hurry(); } });
setInterval(tick, 1000);
start();

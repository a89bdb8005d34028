// The signup form: checked before it is sent, the key from a file, the price and the end while one chooses.

import { byId, show } from "./dom.js";
import { canBeHad, estimate, hoursTyped } from "./estimate.js";
import { PRIVATE_SAID, isPrivate, wrongWithKey } from "./keys.js";
import { mark, report } from "./summary.js";
import { setNow } from "./time.js";

const MOST_CHARACTERS = 12 * 1024;
const EVERY_MINUTE = 60_000;

const form = byId("signup");
const key = byId("ssh_public_key");
let emptied = false; // a private key was there, and nothing has come in its place

function wrongWithAddress(text) {
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text.trim()) ? "" : "write it as name@example.org";
}

function wrong() {
  return {
    email: wrongWithAddress(byId("email").value),
    ssh_public_key: emptied ? PRIVATE_SAID : wrongWithKey(key.value),
    hours: hoursTyped() === null ? `must be a whole number from 1 to ${byId("hours").max}` : "",
    location: canBeHad() ? "" : "this type is not to be had there",
  };
}

// A private key does not stay on the page for a moment longer than needed to know it.
function refusePrivate() {
  if (isPrivate(key.value)) {
    key.value = "";
    emptied = true;
    mark("ssh_public_key", PRIVATE_SAID);
    key.focus();
  } else if (key.value !== "") {
    emptied = false;
    if (key.hasAttribute("aria-invalid")) {
      mark("ssh_public_key", wrongWithKey(key.value));
    }
  }
}

async function takeFile(field) {
  const [file] = field.files;
  if (!file) {
    return;
  }
  const text = file.size > MOST_CHARACTERS ? "" : await file.text();
  const why = file.size > MOST_CHARACTERS ? "this file is too large for a public key" : wrongWithKey(text);
  mark("ssh_public_key", why);
  if (why) {
    field.value = "";
    field.focus();
  } else {
    key.value = text.trim();
    emptied = false;
  }
}

function start() {
  setNow(Number(form.dataset.now) * 1000);
  form.noValidate = true; // the messages are ours, in one place and in one voice
  form.addEventListener("submit", (event) => {
    if (!report(wrong())) {
      event.preventDefault();
    }
  });
  form.addEventListener("input", estimate);
  key.addEventListener("input", refusePrivate);
  byId("key_file").addEventListener("change", (event) => takeFile(event.target));
  show("by_file");
  estimate();
  setInterval(estimate, EVERY_MINUTE);
}

if (form) {
  start(); // there is no form where nothing is in stock
}

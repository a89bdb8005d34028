// A form that leaves the page is sent once: the answer to a second click would hide that to the first, which may be
// shown only once. Without scripts the service stands for itself: it buys nothing twice.

import { turn } from "./dom.js";

const sent = new Set();

function turnButtons(form, on) {
  form.querySelectorAll("button[type=submit]").forEach((button) => turn(button, on));
}

// At the document, so that whoever looks at a form first has had their say: a form that is held back is not sent.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") {
    return;
  }
  if (sent.has(event.target)) {
    event.preventDefault();
    return;
  }
  sent.add(event.target);
  turnButtons(event.target, false);
});

// Who comes back with the browser's button may find the page as they left it, and may then send it again.
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    sent.forEach((form) => turnButtons(form, true));
    sent.clear();
  }
});

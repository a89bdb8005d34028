// What is wrong with a form: a summary on top with links to the fields, and a message at each field.

import { byId, element } from "./dom.js";

const LABELS = { email: "E-mail address", ssh_public_key: "SSH public key", hours: "Hours", location: "Location" };

function line(name, why) {
  const link = element("a", `${LABELS[name]}: ${why}`);
  link.href = `#${name}`;
  const item = element("li");
  item.append(link);
  return item;
}

// Say at one field what is wrong with it; nothing wrong takes the message away.
export function mark(name, why) {
  const message = byId(`${name}-wrong`);
  message.textContent = why;
  message.hidden = why === "";
  if (why) {
    byId(name).setAttribute("aria-invalid", "true");
  } else {
    byId(name).removeAttribute("aria-invalid");
  }
}

// `wrong` has an entry for every field, empty where nothing is wrong; true when nothing is.
export function report(wrong) {
  const found = Object.entries(wrong).filter(([, why]) => why);
  for (const [name, why] of Object.entries(wrong)) {
    mark(name, why);
  }
  byId("problems").replaceChildren(...found.map(([name, why]) => line(name, why)));
  const summary = byId("summary");
  summary.hidden = found.length === 0;
  if (found.length) {
    summary.focus();
  }
  return found.length === 0;
}

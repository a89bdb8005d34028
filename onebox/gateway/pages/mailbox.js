// The mailbox: one folded entry per mail; links in the text can be followed.

import { call, element, say, start } from "./room.js";

const LINK = /(https?:\/\/[^\s<>"]+)/;

function text(body) {
  const shown = element("pre");
  body.split(LINK).forEach((part, at) => {
    if (at % 2 === 0) {
      shown.append(part);
    } else {
      const link = element("a", part);
      link.href = part;
      link.rel = "noreferrer";
      shown.append(link);
    }
  });
  return shown;
}

function entry(mail) {
  const when = mail.date ? new Date(mail.date).toLocaleString() : "";
  const summary = element("summary", `${mail.subject} — to ${mail.to} — ${when}`);
  return element("details", "", [summary, element("p", `From ${mail.from}`), text(mail.text)]);
}

start(async () => {
  const { messages } = await call("mailbox/messages");
  say(messages.length === 0 ? "No mail yet." : `${messages.length} mails.`);
  const list = document.getElementById("mails");
  list.replaceChildren(...messages.map(entry));
  if (list.firstElementChild) {
    list.firstElementChild.open = true;
  }
});

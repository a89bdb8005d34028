// The mailbox: one folded entry per mail. What is in a mail is shown and never run: text is text, HTML is in a sandbox.

import { call, element, say, start } from "./room.js";

const LINK = /(https?:\/\/[^\s<>"]+)/;

// Only links to this machine's own service can be followed: whatever else a mail may hold is text to read.
function owned(link, hosts) {
  try {
    const { host, pathname } = new URL(link);
    return hosts.includes(host) && pathname.startsWith(new URL(".", document.baseURI).pathname);
  } catch {
    return false;
  }
}

function plain(body, hosts) {
  const shown = element("pre");
  body.split(LINK).forEach((part, at) => {
    if (at % 2 === 0 || !owned(part, hosts)) {
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

// Links ask for a window of their own, which the sandbox refuses: without that they would break the frame.
function idle(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const base = parsed.createElement("base");
  base.target = "_blank";
  parsed.head.prepend(base);
  parsed.querySelectorAll("[target]").forEach((each) => each.setAttribute("target", "_blank"));
  return `<!doctype html>${parsed.documentElement.outerHTML}`;
}

// No script, no form, no way out of the frame; nothing remote either, since the page's policy holds inside too.
function framed(mail) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.title = `HTML form of “${mail.subject}”`;
  frame.srcdoc = idle(mail.html);
  const note = element("p", "As a mail program shows it. Links do nothing here; those of the plain text do.");
  note.className = "soft";
  return element("div", "", [note, frame]);
}

function button(label, act) {
  const made = element("button", label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// One button that swaps the two forms; the HTML is not even loaded before somebody asks for it.
function body(mail, hosts) {
  const text = plain(mail.text, hosts);
  if (mail.html === null) {
    return [text];
  }
  let html = null;
  const swap = button("Show the HTML form", () => {
    html ??= framed(mail);
    const toHtml = text.isConnected;
    (toHtml ? text : html).replaceWith(toHtml ? html : text);
    swap.textContent = toHtml ? "Show the plain text" : "Show the HTML form";
  });
  return [swap, text];
}

// The file gets an address only when it is asked for, and a type that no browser shows as a page.
function download({ name, type, text }) {
  const lines = type === "text/calendar" ? text.replaceAll("\n", "\r\n") : text;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines], { type: type === "text/calendar" ? type : "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function attached(attachment) {
  if (attachment.text === null) {
    return element("p", `Attached: ${attachment.name} (${attachment.type}), which is no text.`);
  }
  return button(`Download ${attachment.name}`, () => download(attachment));
}

// The pages are in English, so their dates are too, in the reader's own time zone.
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

function written(mail) {
  return mail.date ? moment.format(new Date(mail.date)) : "no date";
}

function facts(mail) {
  const pairs = [["From", mail.from], ["To", mail.to]];
  const list = element("dl", "", pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  list.className = "lines";
  return list;
}

function entry(mail, hosts) {
  const summary = element("summary", `${mail.subject} — to ${mail.to} — ${written(mail)}`);
  const made = element("details", "", [summary, facts(mail), ...body(mail, hosts), ...mail.attachments.map(attached)]);
  made.className = "letter";
  return made;
}

const LOOK_AGAIN = 3000; // milliseconds; the page is for somebody who waits for a mail
const shown = new Set();

// Mails that are not there yet come on top; those that are there stay as they are, open or folded.
async function look() {
  const { messages, own_hosts: hosts } = await call("mailbox/messages");
  const list = document.getElementById("mails");
  const first = shown.size === 0;
  if (!first && messages.length === shown.size) {
    return;
  }
  for (const mail of messages.filter(({ n }) => !shown.has(n)).reverse()) {
    shown.add(mail.n);
    list.prepend(entry(mail, hosts));
  }
  say(messages.length === 0 ? "No mail yet." : `${messages.length} ${messages.length === 1 ? "mail" : "mails"}.`);
  if (first && list.firstElementChild) {
    list.firstElementChild.open = true;
  }
}

start(async () => {
  await look();
  setInterval(() => {
    if (!document.hidden) {
      look().catch(() => {}); // the box may be starting anew; the next look tells
    }
  }, LOOK_AGAIN);
});

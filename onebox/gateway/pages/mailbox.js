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

function facts(mail) {
  const when = mail.date ? new Date(mail.date).toLocaleString() : "no date";
  const pairs = [["From", mail.from], ["To", mail.to], ["Date", when]];
  const list = element("dl", "", pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  list.className = "lines";
  return list;
}

function entry(mail, hosts) {
  const when = mail.date ? new Date(mail.date).toLocaleString() : "";
  const summary = element("summary", `${mail.subject} — to ${mail.to} — ${when}`);
  const made = element("details", "", [summary, facts(mail), ...body(mail, hosts), ...mail.attachments.map(attached)]);
  made.className = "letter";
  return made;
}

start(async () => {
  const { messages, own_hosts: hosts } = await call("mailbox/messages");
  say(messages.length === 0 ? "No mail yet." : `${messages.length} ${messages.length === 1 ? "mail" : "mails"}.`);
  const list = document.getElementById("mails");
  list.replaceChildren(...messages.map((mail) => entry(mail, hosts)));
  if (list.firstElementChild) {
    list.firstElementChild.open = true;
  }
});

// What both pages share: the operator's token (asked for once, kept for this tab) and fetching with it.

const KEPT = "ccc-operator-token";
const PRINTABLE = /^[!-~]+$/; // what a header can carry
const form = document.getElementById("ask");
const said = document.getElementById("said");

export function say(text, bad = false) {
  said.textContent = text;
  said.className = bad ? "bad" : "";
}

export function element(name, text = "", children = []) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

export async function call(path, options = {}) {
  const token = sessionStorage.getItem(KEPT) ?? "";
  const headers = { ...options.headers, Authorization: `Bearer ${token}` };
  const answer = PRINTABLE.test(token) ? await fetch(path, { ...options, headers }) : null;
  if (answer === null || answer.status === 401) {
    sessionStorage.removeItem(KEPT);
    throw new Error("That is not the operator's token.");
  }
  const document = await answer.json();
  if (!answer.ok) {
    throw new Error(document.detail ?? `The answer was ${answer.status}.`);
  }
  return document;
}

async function attempt(show) {
  try {
    say("");
    await show();
    form.hidden = true;
  } catch (error) {
    say(error.message, true);
    form.hidden = sessionStorage.getItem(KEPT) !== null;
  }
}

export function start(show) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("token");
    sessionStorage.setItem(KEPT, field.value.trim());
    field.value = "";
    attempt(show);
  });
  if (sessionStorage.getItem(KEPT) === null) {
    form.hidden = false;
  } else {
    attempt(show);
  }
}

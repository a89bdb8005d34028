// The few things that all scripts do to a page. Text is only ever set as text, never as markup.

export function byId(id) {
  return document.getElementById(id);
}

export function show(id, visible = true) {
  byId(id).hidden = !visible;
}

// Set a text only when it is another one: a live region speaks at every change.
export function write(id, text) {
  const place = byId(id);
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

// Turn a button on or off. It stays a place of the keyboard, unlike with `disabled`, which also some browsers remember
// when a page is loaded anew: whoever turns it off takes no click.
export function turn(button, on) {
  if (on) {
    button.removeAttribute("aria-disabled");
  } else {
    button.setAttribute("aria-disabled", "true");
  }
}

export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) {
    made.className = className;
  }
  return made;
}

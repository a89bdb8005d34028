// Lists of facts as tables: a region of its own that scrolls where the page is narrow, and is drawn anew only on change.

import { byId, element } from "./dom.js";

const drawn = new Map();

// Whether this place shows something else by now; what is open or read there is left alone while it does not.
export function isNews(id, facts) {
  const text = JSON.stringify(facts);
  if (drawn.get(id) === text) {
    return false;
  }
  drawn.set(id, text);
  return true;
}

// Nothing is known to be shown any more: the next drawing is one, whatever it says.
export function forgetDrawn() {
  drawn.clear();
}

function head(text) {
  const made = element("th", text);
  made.scope = "col";
  return made;
}

function line(columns, row) {
  const made = element("tr");
  made.append(...columns.map(([, cell, kind]) => element("td", String(cell(row) ?? "–"), kind ?? "")));
  return made;
}

// `columns` are triples of a heading, what of a row stands below it, and the class of its cells.
export function table(title, columns, rows) {
  const region = element("div", "", "scroll");
  region.tabIndex = 0;
  region.role = "region";
  region.ariaLabel = title;
  const made = element("table");
  const heads = element("tr");
  heads.append(...columns.map(([heading]) => head(heading)));
  const top = element("thead");
  top.append(heads);
  const body = element("tbody");
  body.append(...rows.map((row) => line(columns, row)));
  made.append(element("caption", title), top, body);
  region.append(made);
  return region;
}

// A table in its place, or a sentence where there is nothing.
export function fill(id, title, columns, rows, nothing) {
  if (isNews(id, rows)) {
    byId(id).replaceChildren(rows.length === 0 ? element("p", nothing) : table(title, columns, rows));
  }
}

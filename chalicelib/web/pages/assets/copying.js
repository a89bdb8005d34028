// Buttons that copy the text of another element: `<button data-copy="ID">`, with a live region as its sibling.

import { byId } from "./dom.js";

// Without a secure context (plain HTTP to an address) there is no clipboard object; then the old command does it.
async function copy(place) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(place.textContent);
    return true;
  }
  select(place);
  return document.execCommand("copy");
}

function select(place) {
  const selection = getSelection();
  selection.selectAllChildren(place);
  return selection;
}

async function press(button) {
  const place = byId(button.dataset.copy);
  const said = button.parentElement.querySelector("[role=status]");
  const copied = await copy(place).catch(() => false);
  if (!copied) {
    select(place);
  }
  said.textContent = copied ? "Copied." : "It is marked: copy it with the keyboard.";
  setTimeout(() => { said.textContent = ""; }, 5000);
}

export function offerCopying() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => press(button));
  }
}

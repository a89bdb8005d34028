// What the wish in the form would cost at most, and when it would end: the page holds the numbers, the rule is the service's.

import { byId, write } from "./dom.js";
import { moment, now } from "./time.js";

const form = byId("signup");
const HOUR = 3600_000;

function offers(radio) {
  return radio.dataset.offers.trim().split(" ").map((each) => each.split("="));
}

function kinds() {
  return [...form.querySelectorAll("input[data-offers]")];
}

function chosenType() {
  return form.querySelector("input[name=server_type]:checked").value;
}

// The prices that the choice may come to; none when the type is not to be had in the location.
function prices() {
  const chosen = chosenType();
  const place = byId("location").value;
  const possible = kinds().filter((radio) => chosen === "" || radio.value === chosen).flatMap(offers);
  return possible.filter(([where]) => place === "" || where === place).map(([, price]) => Number(price));
}

function cost(hours, billed, hourly, open) {
  if (hourly.length === 0) {
    return "This type is not to be had in this location: choose another one of them.";
  }
  const euros = (Math.ceil(billed * Math.max(...hourly) * 100 - 1e-6) / 100).toFixed(2);
  return `${hours} ${hours === 1 ? "hour costs" : "hours cost"} at most ${euros} €${open ? ", whichever type it becomes" : ""}: started hours count, and those in which the machine is made, ${billed} in all.`;
}

export function hoursTyped() {
  const field = byId("hours");
  const hours = Number(field.value);
  const fits = /^[0-9]+$/.test(field.value) && hours >= 1 && hours <= Number(field.max);
  return fits ? hours : null;
}

export function estimate() {
  const hours = hoursTyped();
  const { extra, least, minutes } = form.dataset;
  byId("end").hidden = hours === null;
  if (hours === null) {
    write("cost", `Give whole hours from 1 to ${byId("hours").max}.`);
    return;
  }
  write("cost", cost(hours, Math.max(hours + Number(extra), Number(least)), prices(), chosenType() === ""));
  const end = moment(now() + hours * HOUR + Number(minutes) * 60_000);
  const why = Number(minutes) > 0 ? " An hour that is paid for is used to its end." : "";
  write("end", `If you confirm it now, it ends about ${end}.${why}`);
}

// Whether the chosen type is to be had in the chosen location.
export function canBeHad() {
  return prices().length > 0;
}

// What the service's words mean, in words for a person.

export const STATES = {
  unconfirmed: "It waits for you to follow the link in the mail.",
  requested: "It is ordered, and next in line.",
  creating: "The server is being made.",
  installing: "The system is being installed.",
  running: "It runs.",
  deleting: "It is being deleted.",
  deleted: "It is gone.",
  failed: "It could not be made.",
};

export const STAGES = {
  ssh: "Wait until the server answers",
  kexec: "Start the installer",
  disko: "Prepare the disk",
  copy: "Copy the system",
  install: "Install the system",
  reboot: "Start the machine anew",
  verify: "Check that only your key opens it",
};

export const ENDINGS = {
  expired: "Its time was over.",
  released: "It was ended on request.",
  failed: "It could not be installed.",
  lost: "It disappeared at the server provider, which nobody here asked for.",
};

export function seconds(number) {
  return number < 60 ? `${number} s` : `${Math.floor(number / 60)} min ${number % 60} s`;
}

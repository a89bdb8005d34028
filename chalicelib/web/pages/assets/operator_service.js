// Asking the service as its operator. The token is asked for once, kept for this tab alone, and sent as Bearer.

const KEPT = "ccc-operator-token";
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,512}$/;
const WRONG_TOKEN = "That is not the operator's token.";

const api = document.getElementById("operator").dataset.api;

// What the service refused, or that it did not answer at all (`status` 0).
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export function token() {
  return sessionStorage.getItem(KEPT);
}

export function keep(given) {
  sessionStorage.setItem(KEPT, given.trim());
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}

async function refusal(answer) {
  if (answer.status === 401) {
    return new Refusal(401, WRONG_TOKEN);
  }
  const problem = await answer.json().catch(() => ({}));
  const said = Object.values(problem.errors ?? {})[0] ?? problem.detail ?? `The service answered ${answer.status}.`;
  return new Refusal(answer.status, said);
}

export async function ask(path, { headers = {}, ...options } = {}) {
  if (!TOKEN.test(token() ?? "")) {
    throw new Refusal(401, WRONG_TOKEN);
  }
  const sent = { ...options, headers: { ...headers, Authorization: `Bearer ${token()}` } };
  const answer = await fetch(`${api}${path}`, sent).catch(() => {
    throw new Refusal(0, "The service does not answer; is this computer online?");
  });
  if (!answer.ok) {
    throw await refusal(answer);
  }
  return answer.json();
}

export function post(path, document = {}) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document) });
}

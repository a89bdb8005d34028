// Asking the service about this one instance, with the token that stands behind the # of the page's address.

const TOKEN = /^[A-Za-z0-9._~+/=-]{1,512}$/;
const KEY_BYTES = 16;

const place = document.getElementById("instance").dataset;

// What the service refused, or that it did not answer at all (`status` 0).
export class Refusal extends Error {
  constructor(status, code, sentence, wait) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.wait = wait;
  }
}

// The token in the address, or null when there is none or it cannot be one.
export function token() {
  const found = location.hash.slice(1);
  return TOKEN.test(found) ? found : null;
}

export async function ask(path = "", { headers = {}, ...options } = {}) {
  const sent = { ...options, headers: { ...headers, Authorization: `Bearer ${token() ?? ""}` } };
  let answer;
  try {
    answer = await fetch(`${place.api}${path}`, sent);
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new Refusal(0, "unreachable", "The service does not answer; is this computer online?", 0);
  }
  if (!answer.ok && answer.status !== 304) {
    throw await refusal(answer);
  }
  return answer;
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const said = Object.values(problem.errors ?? {})[0] ?? problem.detail ?? `The service answered ${answer.status}.`;
  return new Refusal(answer.status, problem.code ?? "", said, Number(answer.headers.get("Retry-After")));
}

// A POST with a JSON body; `key` makes one effect of several tries.
export async function post(path, document = {}, key = newKey()) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(document) });
  return answer.json();
}

// `crypto.randomUUID` is there only in a secure context, and plain HTTP to an address is none.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What a public key looks like, and a private one: the service decides, this only spares a way there.

const PRIVATE = /-{2,5} ?(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY|PuTTY-User-Key-File|b3BlbnNzaC1rZXktdj/i;
const OTHER = /-{2,5} ?(?:BEGIN|END) ([A-Z0-9 ]*)/i;
const PUBLIC = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)[ \t]+AAAA[A-Za-z0-9+/]+={0,2}([ \t].*)?$/;

export const PRIVATE_SAID = "this is a private key, and it has not been sent. Give it to nobody, and paste the line of the file that ends in .pub";

export function isPrivate(text) {
  return PRIVATE.test(text);
}

// Public keys of several lines by their titles, and how `ssh-keygen -i` is told to read them; RFC 4716 it expects.
const FORMS = new Map([
  ["SSH2 PUBLIC KEY", ["RFC 4716", ""]], ["PUBLIC KEY", ["PKCS8", "-m PKCS8 "]], ["RSA PUBLIC KEY", ["PEM", "-m PEM "]],
]);

// What this is, where it is a key in another form than one line, and how it becomes one; else nothing.
function wrongWithForm(text) {
  const found = OTHER.exec(text);
  if (!found) {
    return "";
  }
  const [form, option] = FORMS.get(found[1].trim().toUpperCase()) ?? [];
  const command = `ssh-keygen -i ${option ?? ""}-f FILE`;
  return form
    ? `this is a public key in another format, ${form}; ${command} shows it as the line to paste`
    : `this is a key in another format; ${command} (with -m if need be) converts it`;
}

// What is wrong with this text as a public key, or nothing.
export function wrongWithKey(text) {
  const line = text.trim();
  if (line === "") {
    return "paste the line of your public key";
  }
  if (isPrivate(line)) {
    return PRIVATE_SAID;
  }
  const form = wrongWithForm(line);
  if (form) {
    return form;
  }
  if (/[\r\n]/.test(line)) {
    return "this is more than one line; paste exactly one public key";
  }
  return PUBLIC.test(line) ? "" : "the line must begin with the type of the key, such as ssh-ed25519, and be whole";
}

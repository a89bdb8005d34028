# Which line may become the guest's authorized key: `type base64`, and behind it nothing or one plain word.
#
# It is what chalicelib/domain/ssh_key.py writes, not all that it reads: a guest may paste a tab or a comment in any
# script, but what reaches a machine has been written anew. Builtins only. Gives null, or what is wrong and what to do;
# never a part of the input, which may be a private key. The bytes are judged in ./ssh-blob.nix.
line:
let
  inherit (builtins)
    elem
    elemAt
    isString
    match
    stringLength
    ;
  decode = import ./base64.nix;
  check = import ./ssh-blob.nix;

  types = [
    "ecdsa-sha2-nistp256"
    "ecdsa-sha2-nistp384"
    "ecdsa-sha2-nistp521"
    "sk-ecdsa-sha2-nistp256@openssh.com"
    "sk-ssh-ed25519@openssh.com"
    "ssh-ed25519"
    "ssh-rsa"
  ];

  # The longest line that can be right: RSA of 8192 bits (1,404 characters), its type, a comment of 64. A regular
  # expression over much more would overflow Nix's stack instead of giving an answer.
  maxChars = 1500;

  # Both can hide in a line that is well formed: the first words of a PuTTY file as its comment, "openssh-key-v" (what
  # the body of a private key begins with) as its comment or within its base64. ssh_key.py refuses the same.
  private = match ".*(PRIVATE KEY|PuTTY-User-Key-File|b3BlbnNzaC1rZXktdj).*" line != null;

  parts = match "([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})( [A-Za-z0-9._@-]{1,64})?" line;
  type = elemAt parts 0;
  bytes = decode (elemAt parts 1);
in
if !isString line then
  "the key is a text: the line of the file that ends in .pub"
else if stringLength line > maxChars then
  "this is too long for a public key; ${toString maxChars} characters are the most"
else if private then
  "this is a private key; make a new one with ssh-keygen, and give the line of the file that ends in .pub"
else if parts == null then
  "the key is one line `type base64 [comment]`: single spaces, no options, no line end, a plain word as comment"
else if !elem type types then
  "this type of key is not taken (certificates and DSA are not); make an ed25519 key (ssh-keygen -t ed25519)"
else if bytes == null then
  "the long part of the key is not proper base64; copy the whole line again"
else
  check type bytes

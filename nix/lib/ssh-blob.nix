# Which bytes are an SSH public key of a type: exact fields to the last byte, as chalicelib/domain/ssh_blob.py has them.
#
# Builtins only, so what needs big numbers stays with Python: whether a point lies on its curve, and whether an ed25519
# point is of small order. Nix sees the type word, the fields and their sizes, the curve's name, the RSA numbers' size,
# sign and parity, and a security key's application. Gives null, or what is wrong; never a part of the key.
type: bytes:
let
  inherit (builtins)
    all
    bitAnd
    concatStringsSep
    elemAt
    genList
    length
    substring
    ;

  printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  isPrintable = field: all (byte: byte >= 32 && byte <= 126) field;
  text =
    field:
    if isPrintable field then
      concatStringsSep "" (map (byte: substring (byte - 32) 1 printable) field)
    else
      null;

  # A list of fields, each behind its length in four bytes; null when one is cut short: then the next begins behind the
  # end.
  fieldsFrom =
    at:
    let
      byte = i: elemAt bytes (at + i);
      size = byte 0 * 16777216 + byte 1 * 65536 + byte 2 * 256 + byte 3;
      start = at + 4;
      more = fieldsFrom (start + size);
    in
    if at == length bytes then
      [ ]
    else if start > length bytes || more == null then
      null
    else
      [ (genList (i: elemAt bytes (start + i)) size) ] ++ more;

  fields = fieldsFrom 0;
  field = elemAt fields;
  count = if fields == null then 0 else length fields;

  # A positive number in its only shortest form (RFC 4251, section 5, mpint), without the zero that keeps it positive.
  natural =
    number:
    let
      signed = elemAt number 0 == 0;
      shortest = elemAt number 0 < 128 && (!signed || (length number > 1 && elemAt number 1 >= 128));
    in
    if number == [ ] || !shortest then
      null
    else if signed then
      genList (i: elemAt number (i + 1)) (length number - 1)
    else
      number;
  bitsOf = byte: if byte == 0 then 0 else 1 + bitsOf (byte / 2);
  bits = number: 8 * (length number - 1) + bitsOf (elemAt number 0);
  odd = number: bitAnd (elemAt number (length number - 1)) 1 == 1;
  # 65537 is 1, 0, 1 in bytes: what is odd and has as many bytes is at least that.
  soundExponent = number: number != null && length number >= 3 && length number <= 8 && odd number;
  soundModulus = number: number != null && bits number >= 3072 && bits number <= 8192 && odd number;

  point = size: field': length field' == size && elemAt field' 0 == 4;
  application = field': length field' >= 1 && length field' <= 255 && isPrintable field' && !builtins.elem 32 field';

  sound = {
    "ssh-ed25519" = count == 2 && length (field 1) == 32;
    "sk-ssh-ed25519@openssh.com" = count == 3 && length (field 1) == 32 && application (field 2);
    "ecdsa-sha2-nistp256" = count == 3 && text (field 1) == "nistp256" && point 65 (field 2);
    "ecdsa-sha2-nistp384" = count == 3 && text (field 1) == "nistp384" && point 97 (field 2);
    "ecdsa-sha2-nistp521" = count == 3 && text (field 1) == "nistp521" && point 133 (field 2);
    "sk-ecdsa-sha2-nistp256@openssh.com" =
      count == 4 && text (field 1) == "nistp256" && point 65 (field 2) && application (field 3);
    "ssh-rsa" = count == 3 && soundExponent (natural (field 1)) && soundModulus (natural (field 2));
  };
in
if fields == null || fields == [ ] then
  "the key is cut short or has something behind it; copy the whole line again"
else if text (field 0) != type then
  "the type in front of the key is not the type inside it; copy the whole line again"
else if !(sound.${type} or false) then
  "the key lacks a part, or is weak (RSA: under 3072 bits); make an ed25519 key (ssh-keygen -t ed25519)"
else
  null

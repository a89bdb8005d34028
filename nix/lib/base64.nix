# Strict base64 to a list of bytes (0 to 255), or null: nothing skipped, no spare bits in the last character, so that
# every value has one spelling. Builtins only.
text:
let
  inherit (builtins)
    bitAnd
    elemAt
    genList
    length
    listToAttrs
    match
    stringLength
    substring
    ;

  alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  value = listToAttrs (
    genList (i: {
      name = substring i 1 alphabet;
      value = i;
    }) 64
  );

  matched = match "([A-Za-z0-9+/]*)(={0,2})" text;
  body = elemAt matched 0;
  size = stringLength body;
  rest = size - size / 4 * 4;

  # One padding character behind three, two behind two; behind one alone, less than a byte, three: which never match.
  padded = stringLength (elemAt matched 1) == (if rest == 0 then 0 else 4 - rest);
  spareBits = bitAnd (elemAt sextets (length sextets - 1)) (if rest == 2 then 15 else 3);

  sextets = genList (i: value.${substring i 1 body}) size;
  byte =
    i:
    let
      group = i / 3;
      at = offset: elemAt sextets (group * 4 + offset);
      place = i - group * 3;
    in
    if place == 0 then
      at 0 * 4 + at 1 / 16
    else if place == 1 then
      bitAnd (at 1) 15 * 16 + at 2 / 4
    else
      bitAnd (at 2) 3 * 64 + at 3;
in
if matched == null || !padded || (rest != 0 && spareBits != 0) then
  null
else
  genList byte (size * 3 / 4)

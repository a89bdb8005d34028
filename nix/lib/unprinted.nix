# The type of an option whose value is never printed: it takes whatever it is given, and an assertion judges it.
#
# The types of nixpkgs repeat the value they refuse, and what was given as a public key may be a private one. For the
# same reason two definitions that differ are told apart by their files alone.
{ lib }:
lib.mkOptionType {
  name = "unprinted";
  description = "null or a text";
  descriptionClass = "conjunction";
  check = _: true;
  merge =
    option: definitions:
    let
      first = (lib.head definitions).value;
      files = lib.showFiles (lib.getFiles definitions);
    in
    if lib.all (other: other.value == first) (lib.tail definitions) then
      first
    else
      throw "${lib.showOption option} has different values in ${files}: leave one, or say mkForce";
}

# What is wrong with each of the values { instanceId, userSshKey, expiresAt }, and those with which nothing is.
#
# `problems`: for each a sentence (./validate.nix), or null. `sound`: for each the value, or null where it is none or a
# bad one. Only sound values go on into a configuration: a bad one would end in some option's type error, which repeats
# it and has no remedy, before any assertion is heard. Builtins only.
values:
let
  inherit (builtins) mapAttrs;
  validate = import ./validate.nix;
  rules = {
    instanceId = validate.instanceIdProblem;
    userSshKey = validate.keyProblem;
    expiresAt = validate.expiresAtProblem;
  };
  problems = mapAttrs (name: rule: if values.${name} == null then null else rule values.${name}) rules;
in
{
  inherit problems;
  sound = mapAttrs (name: problem: if problem == null then values.${name} else null) problems;
}

# What validate.nix says to each case of validate-cases.json: { keys, records }, each a list of true and false in the
# cases' order, and `fields`: for each record, which of its known fields keep their rule by themselves. Builtins only:
# `nix-instantiate --eval --strict --json nix/checks/verdicts.nix`.
let
  validate = import ../lib/validate.nix;
  cases = builtins.fromJSON (builtins.readFile ../lib/validate-cases.json);
in
{
  keys = map (case: validate.keyProblem case.key == null) cases.keys;
  records = map (case: validate.recordProblems case.record == [ ]) cases.records;
  fields = map (
    { record, ... }:
    if builtins.isAttrs record then
      builtins.mapAttrs (name: value: validate.rules.${name} value == null) (
        builtins.intersectAttrs validate.rules record
      )
    else
      { }
  ) cases.records;
}

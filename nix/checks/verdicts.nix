# What validate.nix says to each case of validate-cases.json: { keys, records }, each a list of true and false in the
# cases' order. Builtins only: `nix-instantiate --eval --strict --json nix/checks/verdicts.nix`.
let
  validate = import ../lib/validate.nix;
  cases = builtins.fromJSON (builtins.readFile ../lib/validate-cases.json);
in
{
  keys = map (case: validate.keyProblem case.key == null) cases.keys;
  records = map (case: validate.recordProblems case.record == [ ]) cases.records;
}

# validate.nix says to every case of validate-cases.json what the case expects.
{ pkgs }:
let
  verdicts = import ./verdicts.nix;
  cases = builtins.fromJSON (builtins.readFile ../lib/validate-cases.json);
  wrongIn =
    kind:
    builtins.concatMap (
      case:
      if case.verdict == case.expected then [ ] else [ case.name ]
    ) (
      pkgs.lib.zipListsWith (case: verdict: {
        inherit (case) name;
        inherit verdict;
        expected = case.nix;
      }) cases.${kind} verdicts.${kind}
    );
  wrong = wrongIn "keys" ++ wrongIn "records";
in
if wrong == [ ] then
  pkgs.runCommand "rules" { } "touch $out"
else
  throw "validate.nix is wrong about: ${builtins.concatStringsSep "; " wrong}"

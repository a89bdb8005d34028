# What the module says to each of many values, without the rest of NixOS: only the options through which it speaks are
# declared, and what it sets besides is left alone. `cases`: a list of { option = value; … }.
{
  checkout,
  tree,
  cases,
}:
let
  lib = import (tree + "/lib");
  list = lib.mkOption {
    type = lib.types.listOf lib.types.unspecified;
    default = [ ];
  };
  speaking = {
    options = {
      assertions = list;
      warnings = list;
    };
    config._module = {
      check = false;
      args.pkgs = throw "a value is judged before any package is asked for";
    };
  };
  said =
    values:
    let
      inherit
        (lib.evalModules {
          modules = [
            speaking
            (checkout + "/nix/modules/cloud-instance.nix")
            { services.cloudInstance = values // { enable = true; }; }
          ];
        })
        config
        ;
    in
    {
      problems = map (entry: entry.message) (lib.filter (entry: !entry.assertion) config.assertions);
      inherit (config) warnings;
    };
in
map said cases

# What stops the build of a whole NixOS system with values that came to the module itself, past mkCloudInstance: for
# each of `cases` the failed assertions, the host name the other modules were given, and the keys that would open it.
{
  checkout,
  tree,
  disko,
  names ? null,
  cases,
}:
let
  lib = import (tree + "/lib");
  cloud = import ./system.nix {
    inherit
      checkout
      tree
      disko
      names
      ;
  };
  stopped =
    values:
    let
      inherit
        (cloud.nixosConfigurations.cloud-instance.extendModules {
          modules = [ { services.cloudInstance = lib.mapAttrs (_: lib.mkForce) values; } ];
        })
        config
        ;
    in
    {
      problems = map (entry: entry.message) (lib.filter (entry: !entry.assertion) config.assertions);
      builds = (builtins.tryEval config.system.build.toplevel.outPath).success;
      inherit (config.networking) hostName;
      keys = config.users.users.claude.openssh.authorizedKeys.keys;
    };
in
map stopped cases

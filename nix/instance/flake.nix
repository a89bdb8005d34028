{
  # A system for one instance, built by hand. Copy this file into an empty folder, put instance.json beside it and say
  # where the checkout is (docs/machine.md has the commands). Nothing in here is ever written by a program: what a guest
  # typed is read as JSON and checked, and never becomes a part of an expression.
  description = "One instance of Claude Code Cloud, from its instance.json";

  inputs.cloud.url = "path:../..";

  outputs =
    { cloud, ... }:
    let
      instance = cloud.lib.mkCloudInstance (cloud.lib.readRecord ./instance.json);
    in
    {
      nixosConfigurations.instance = instance;

      packages.x86_64-linux = {
        inherit (instance.config.system.build) toplevel;
        disko = instance.config.system.build.diskoScript;
      };
    };
}

# What a guest and an operator rely on, read from the evaluated systems: the shared one, one with its values within, and
# the one that nix/instance/flake.nix makes (`instance`: that file in a folder with an instance.json).
{
  checkout,
  tree,
  disko,
  names ? null,
  values,
  instance,
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
  wrapped = (import (instance + "/flake.nix")).outputs { inherit cloud; };

  text = entry: if entry.text != null then entry.text else toString entry.source;
  facts =
    system:
    let
      inherit (system) config;
    in
    {
      inherit (config) warnings;
      problems = map (entry: entry.message) (lib.filter (entry: !entry.assertion) config.assertions);
      toplevel = config.system.build.toplevel.outPath;
      diskoScript = config.system.build.diskoScript.outPath;
      image = config.system.build.diskoImages.outPath;

      hostName = config.networking.hostName;
      firewall = {
        inherit (config.networking.firewall)
          allowedTCPPortRanges
          allowedTCPPorts
          allowedUDPPortRanges
          allowedUDPPorts
          enable
          interfaces
          trustedInterfaces
          ;
      };
      nftables = {
        inherit (config.networking.nftables) enable;
        inherit (config.networking.nftables.tables.cloud-instance) content family;
        table = config.networking.nftables.tables.cloud-instance.enable;
      };
      network = config.systemd.network.networks."10-uplink".networkConfig;
      dhcp = config.systemd.network.networks."10-uplink".dhcpV4Config;

      ssh = {
        inherit (config.services.openssh) authorizedKeysFiles authorizedKeysInHomedir settings;
        hostKeys = map (key: key.type) config.services.openssh.hostKeys;
      };
      inherit (config.users) mutableUsers;
      passwords = lib.mapAttrs (_: user: {
        inherit (user)
          hashedPassword
          hashedPasswordFile
          initialHashedPassword
          initialPassword
          password
          ;
      }) config.users.users;
      keys = lib.mapAttrs (_: user: user.openssh.authorizedKeys.keys) config.users.users;
      people = lib.attrNames (lib.filterAttrs (_: user: user.isNormalUser) config.users.users);
      sudo = {
        inherit (config.security.sudo) execWheelOnly wheelNeedsPassword;
        wheel = lib.attrNames (lib.filterAttrs (_: user: lib.elem "wheel" user.extraGroups) config.users.users);
      };

      packages = map lib.getName config.environment.systemPackages;
      registry = config.nix.registry;
      unfree = {
        everything = config.nixpkgs.config.allowUnfree or false;
        allowed = lib.filter (name: config.nixpkgs.config.allowUnfreePredicate { pname = name; }) [
          "claude-code"
          "claude-code-bun"
          "steam"
          "vscode"
        ];
      };
      etc = lib.mapAttrs (_: text) (lib.filterAttrs (_: entry: entry.enable) config.environment.etc);
      units = lib.mapAttrs (_: unit: unit.text) config.systemd.units;
      wanted = lib.mapAttrs (_: unit: unit.wantedBy) config.systemd.units;
      tmpfiles = config.systemd.tmpfiles.settings;
      grub = {
        inherit (config.boot.loader.grub)
          devices
          efiInstallAsRemovable
          efiSupport
          enable
          ;
      };
      fileSystems = lib.mapAttrs (_: fileSystem: { inherit (fileSystem) autoResize fsType; }) config.fileSystems;
      inherit (config.boot) growPartition;
      zram = config.zramSwap.enable;
      earlyoom = config.services.earlyoom.enable;
      nixLd = config.programs.nix-ld.enable;
    };
in
{
  # Where the guest's first files come from: a store path says their content too.
  sources = {
    instructions = "${checkout + "/nix/box/CLAUDE.md"}";
    settings = "${checkout + "/nix/modules/claude-settings.json"}";
  };
  shared = facts cloud.nixosConfigurations.cloud-instance;
  named = facts (cloud.lib.mkCloudInstance values);
  wrapped = facts wrapped.nixosConfigurations.instance;
  outputs = {
    packages = lib.attrNames cloud.packages.x86_64-linux;
    installer = cloud.packages.x86_64-linux.nixos-anywhere.name;
    checks = lib.attrNames cloud.checks.x86_64-linux;
    modules = lib.attrNames cloud.nixosModules;
    formatter = lib.isDerivation cloud.formatter.x86_64-linux;
    rules = cloud.checks.x86_64-linux.verdicts.name;
    forms = cloud.checks.x86_64-linux.forms.name;
  };
}

# services.cloudInstance: what makes a NixOS machine a guest's own, for as long as its lease lasts.
#
# Every value is optional. Without values the system is the same for all guests and learns who it is from
# /var/lib/cloud-instance (see ./record.nix); with values they are part of the system. Both give the same host name, key
# and end. The parts: access (who gets in), record (what differs), expiry (when it ends), hardening (what is closed),
# workbench (what is there to work with). It must not know the hardware; that is in ../hosts.
{ config, lib, ... }:
let
  cfg = config.services.cloudInstance;
  inherit (import ../lib/judged-values.nix cfg) problems;
  unprinted = import ../lib/unprinted.nix { inherit lib; };

  # The message never repeats the value: what was given as a public key may be a private one.
  keepsItsRule = option: {
    assertion = problems.${option} == null;
    message = "services.cloudInstance.${option}: ${toString problems.${option}}";
  };
in
{
  imports = [
    ./access.nix
    ./expiry.nix
    ./hardening.nix
    ./record.nix
    ./workbench.nix
  ];

  options.services.cloudInstance = {
    enable = lib.mkEnableOption "a guest's machine with Claude Code, reached as `ssh claude@ADDRESS`";

    userSshKey = lib.mkOption {
      type = unprinted;
      default = null;
      example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… laptop";
      description = ''
        The public key that may log in as `claude`: one line `type base64 [comment]` without its line end and without
        options. Null: the keys are those in `/var/lib/cloud-instance/authorized_keys.d/claude`.
        It becomes part of the system and so readable by everybody on it.
      '';
    };

    instanceId = lib.mkOption {
      type = unprinted;
      default = null;
      example = "0123456789ab";
      description = ''
        The instance's id, 12 lower-case hexadecimal digits; the machine is called `cc-` and the id.
        Null: it is read from `/var/lib/cloud-instance/instance.json` at every boot.
      '';
    };

    expiresAt = lib.mkOption {
      type = unprinted;
      default = null;
      example = "2030-01-31T18:55:00Z";
      description = ''
        The end of the lease in UTC, for a machine that no service keeps: it powers itself off 60 minutes later.
        A record that a builder put on the machine wins over it, with its end or with the service it names.
        Null: the end is asked of the service that the record names, because an extension moves it; without such a
        record the machine never turns itself off.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      (keepsItsRule "userSshKey")
      (keepsItsRule "instanceId")
      (keepsItsRule "expiresAt")
      {
        assertion = cfg.expiresAt == null || cfg.instanceId != null;
        message = "services.cloudInstance.expiresAt: an end belongs to one instance; set instanceId too";
      }
    ];
    # Not an assertion: whether a record that names a service will lie on the machine is not known here.
    warnings = lib.optional (cfg.expiresAt == null && (cfg.instanceId != null || cfg.userSshKey != null)) (
      "services.cloudInstance: with a value and without expiresAt this machine never turns itself off, unless a record"
      + " on it names the service to ask; set expiresAt, or delete the machine yourself"
    );
  };
}

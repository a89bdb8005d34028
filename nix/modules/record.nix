# Who this machine is: the values of one instance, from its record or from the system itself.
#
# The builder puts /var/lib/cloud-instance/instance.json there before the first boot; a system with values brings a
# record of its own to the same place, so that everything after this file reads one record and does not ask where it
# came from.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.cloudInstance;
  inherit (import ../lib/judged-values.nix cfg) sound;
  named = sound.instanceId != null;

  own = {
    instance_id = sound.instanceId;
  }
  // lib.optionalAttrs (sound.userSshKey != null) { user_ssh_key = sound.userSshKey; }
  // lib.optionalAttrs (sound.expiresAt != null) { expires_at = sound.expiresAt; };

  reader = import ../lib/record-reader.nix { inherit pkgs; };
in
{
  config = lib.mkIf cfg.enable {
    # An empty name is not written to /etc/hostname: the record's name goes there (record.sh).
    networking.hostName = if named then "cc-${sound.instanceId}" else "";

    environment.etc."cloud-instance/instance.json" = lib.mkIf named { text = builtins.toJSON own; };
    # L and not L+: a record that the builder brought has the token that asks for the end, and stays. It is root's
    # alone: with the token anybody on the machine could ask for more time.
    systemd.tmpfiles.settings."10-cloud-instance" = {
      "/var/lib/cloud-instance".d.mode = "0755";
      "/var/lib/cloud-instance/instance.json" =
        if named then { L.argument = "/etc/cloud-instance/instance.json"; } else { z.mode = "0600"; };
    };

    # Before the network: the name is told to nobody by then, and systemd-networkd reads the address when it starts.
    systemd.services.cloud-instance-record = {
      description = "Name and IPv6 address from the instance's record";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-pre.target" ];
      before = [
        "network-pre.target"
        "systemd-networkd.service"
        "shutdown.target"
      ];
      after = [
        "local-fs.target"
        "systemd-tmpfiles-setup.service"
      ];
      conflicts = [ "shutdown.target" ];
      unitConfig.DefaultDependencies = false;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${lib.getExe reader} apply";
      };
    };

    environment.systemPackages = [ reader ];
  };
}

# When it ends: the machine keeps the end of its lease in view, and turns itself off if nobody else does.
#
# The service deletes the server; this is the second line, for a service that is gone. ccc-box asks for the end, tells
# everybody logged in when it comes near, and powers off 60 minutes after the last end it learnt (../box/ccc-box.sh
# decides; this file only runs it). That end is kept beside the record too, so that it holds after a reboot. A server that is off is still billed, so it is no replacement for deleting.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.cloudInstance;
  ccc-box = import ../lib/ccc-box.nix { inherit pkgs; };
in
{
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ ccc-box ];

    systemd.services.ccc-box-refresh = {
      description = "Learn the end of the lease, warn, and power off long after it";
      after = [
        "cloud-instance-record.service"
        "network.target"
      ];
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${lib.getExe ccc-box} refresh";
        # What was learnt outlives the run, for the next one and for `ccc-box` at the prompt. What outlives the boot is
        # in /var/lib/cloud-instance, which record.nix makes.
        RuntimeDirectory = "ccc-box";
        RuntimeDirectoryPreserve = true;
        # A service that does not answer must not pile up runs: the next one is a minute away.
        TimeoutStartSec = "50s";
      };
    };

    systemd.timers.ccc-box-refresh = {
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = "20s";
        OnUnitInactiveSec = "1min";
        # All machines of one service would ask in the same second otherwise.
        RandomizedDelaySec = "10s";
        AccuracySec = "1s";
      };
    };
  };
}

# The disk as disko makes it: a boot sector for BIOS, a partition for EFI, and all the rest for the system.
{ lib, ... }:
{
  disko.devices.disk.main = {
    type = "disk";
    # The first SCSI disk of every Hetzner Cloud type.
    device = lib.mkDefault "/dev/sda";
    imageSize = lib.mkDefault "8G";
    content = {
      type = "gpt";
      partitions = {
        boot = {
          size = "1M";
          type = "EF02";
        };
        ESP = {
          size = "512M"; # five kernels with their initial disks, see configurationLimit
          type = "EF00";
          content = {
            type = "filesystem";
            format = "vfat";
            mountpoint = "/boot";
            mountOptions = [ "umask=0077" ];
          };
        };
        # Last, so that it can grow.
        root = {
          size = "100%";
          content = {
            type = "filesystem";
            format = "ext4";
            mountpoint = "/";
            mountOptions = [ "noatime" ];
          };
        };
      };
    };
  };

  disko.imageBuilder.name = lib.mkDefault "cloud-instance";
  fileSystems."/".autoResize = true;
}

# QEMU/KVM as Hetzner Cloud has it: virtio, a SCSI disk, started by BIOS or by EFI.
{ lib, modulesPath, ... }:
{
  imports = [ "${modulesPath}/profiles/qemu-guest.nix" ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  boot = {
    initrd.availableKernelModules = [
      "ahci"
      "sd_mod"
      "sr_mod"
      "virtio_pci"
      "virtio_scsi"
      "xhci_pci"
    ];
    loader = {
      timeout = lib.mkDefault 1;
      # Both ways to start, from one disk: the boot sector (disko names the disk) and the removable path of EFI, which
      # needs no variable in a firmware that forgets them.
      grub = {
        enable = true;
        efiSupport = lib.mkDefault true;
        efiInstallAsRemovable = lib.mkDefault true;
        configurationLimit = lib.mkDefault 5;
      };
    };
    # A server can be given a larger disk, and an image is smaller than any.
    growPartition = lib.mkDefault true;
  };

  # services.qemuGuest stays off: with the agent, whoever holds the project's token could set a password from outside.
}

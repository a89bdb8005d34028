"""The builder job: turns one fresh server into the guest's NixOS machine, and tells the control plane how it goes."""

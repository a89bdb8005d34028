"""The stand-in for nixos-anywhere 1.13 on one box. Standard library and the `ssh` on PATH only.

`run` is the order of things, `phases` what each phase says over ssh, `arguments` what may be asked, `system` what of
the new system an emulated machine can have. It installs nothing by itself: the far end is an emulated server that acts
the commands out.
"""

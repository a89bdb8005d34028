"""Everything on one machine: the service, its workers and (unless a real provider is set) the provider.

`__main__` is what `make up` runs: it takes the folder and starts the `supervisor`, which forks the emulator, the
`gateway` (the same Chalice app and handlers as in the cloud) and the builders. Product code imports nothing from here.
"""

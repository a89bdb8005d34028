"""How long things take: the measured seconds of the real provider, times a scale."""

from dataclasses import dataclass

# The answer to the order itself has to get out, at any scale.
_LEAST_LEAVE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Durations in seconds at scale 1; reading one gives it scaled."""

    scale: float = 1.0

    @property
    def create(self) -> float:
        """From the request until the server's status leaves `initializing`."""
        return 22 * self.scale

    @property
    def start(self) -> float:
        """From `starting` to `running`."""
        return 1 * self.scale

    @property
    def boot(self) -> float:
        """From `running` until a stock image answers SSH."""
        return 15 * self.scale

    @property
    def kexec(self) -> float:
        """From the kexec until the installer answers SSH."""
        return 45 * self.scale

    @property
    def disko(self) -> float:
        """Formatting the disk."""
        return 10 * self.scale

    @property
    def copy(self) -> float:
        """Copying the system closure."""
        return 60 * self.scale

    @property
    def install(self) -> float:
        """Running nixos-install."""
        return 30 * self.scale

    @property
    def leave(self) -> float:
        """From the order to reboot or kexec until the machine stops answering."""
        return max(6 * self.scale, _LEAST_LEAVE)

    @property
    def reboot(self) -> float:
        """From the moment the machine stops answering until it answers again."""
        return 30 * self.scale

    @property
    def power(self) -> float:
        """A power action."""
        return 2 * self.scale

    @property
    def delete(self) -> float:
        """The delete action, during which the server is already gone."""
        return 4 * self.scale

    @property
    def snapshot(self) -> float:
        """Making a snapshot."""
        return 60 * self.scale

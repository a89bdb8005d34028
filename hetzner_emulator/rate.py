"""The token bucket: 3600 requests an hour per project, one more each second."""

from hetzner_emulator.errors import ApiError

LIMIT = 3600


class RateBucket:
    """One project's tokens; times are the shifted clock's."""

    def __init__(self, now: float) -> None:
        self._tokens = float(LIMIT)
        self._at = now

    def take(self, now: float) -> dict[str, str]:
        """Spend one token and return the headers that tell what is left, or raise the 429."""
        self._tokens = min(float(LIMIT), max(0.0, self._tokens + now - self._at))
        self._at = now
        if self._tokens < 1:
            message = f"limit of {LIMIT} requests per hour reached"
            raise ApiError(429, "rate_limit_exceeded", message, None, self.headers())
        self._tokens -= 1
        return self.headers()

    def headers(self) -> dict[str, str]:
        """Return the three headers; `Reset` is when the bucket is full again."""
        return {
            "RateLimit-Limit": str(LIMIT),
            "RateLimit-Remaining": str(int(self._tokens)),
            "RateLimit-Reset": str(int(self._at + LIMIT - self._tokens)),
        }

    def drain(self, left: float = 0) -> None:
        """Leave only `left` tokens."""
        self._tokens = left

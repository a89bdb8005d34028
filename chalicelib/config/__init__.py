"""What the operator decides, read from the environment. The only room that reads it."""

from chalicelib.config.place import Place
from chalicelib.config.settings import SCHEMES, ConfigError, Settings, from_environment, settings

__all__ = ["SCHEMES", "ConfigError", "Place", "Settings", "from_environment", "settings"]

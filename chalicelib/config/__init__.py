"""What the operator decides, read from the environment. The only room that reads it."""

from chalicelib.config.place import Place
from chalicelib.config.settings import SCHEMES, ConfigError, Settings, from_environment, settings
from chalicelib.config.variables import is_plain_url

__all__ = ["SCHEMES", "ConfigError", "Place", "Settings", "from_environment", "is_plain_url", "settings"]

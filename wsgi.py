import gc

from marketplace import create_app
from marketplace.kernel.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    raise SystemExit(f"Lumbung cannot start. {error}") from None

# What the start has made stays for good: looking through it again and again delays answers.
gc.collect()
gc.freeze()

from tests.stripe_fixtures import stripe, stripe_server

__all__ = ["stripe", "stripe_server"]

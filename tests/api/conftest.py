"""The world of the open ledger, sealed."""

from tests.openbook.conftest import sealed, statements, world

__all__ = ["sealed", "statements", "world"]

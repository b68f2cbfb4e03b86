"""The world of the open ledger, sealed."""

from tests.openbook.conftest import sealed, stage, statements, world

__all__ = ["sealed", "stage", "statements", "world"]

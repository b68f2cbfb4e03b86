"""A database with real commits that begins anew, without running the migrations again."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from marketplace.kernel.db import db
from marketplace.reference.queries import rates


class Databases:
    """Keeps the empty database of the application as a template; `renew()` puts it back."""

    def __init__(self):
        self.url = db.engine.url
        self._let_go()
        if self.url.get_backend_name() == "postgresql":
            self._ask(f"CREATE DATABASE {self.url.database}_kept TEMPLATE {self.url.database}")
        else:
            shutil.copy(self.url.database, f"{self.url.database}-kept")

    def renew(self):
        self._let_go()
        name = self.url.database
        if self.url.get_backend_name() == "postgresql":
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")
            self._ask(f"CREATE DATABASE {name} TEMPLATE {name}_kept")
        else:
            for ending in ("-wal", "-shm"):
                Path(f"{name}{ending}").unlink(missing_ok=True)
            shutil.copy(f"{name}-kept", name)

    def _let_go(self):
        db.session.remove()
        db.engine.dispose()
        rates.forget()

    def _ask(self, statement):
        server = self.url.set(database="postgres")
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

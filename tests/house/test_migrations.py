import warnings

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from marketplace.kernel.db import db

pytestmark = pytest.mark.filterwarnings("ignore")


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names())


def test_migrations_run_up_down_and_up_again(committed):
    everything = tables()

    downgrade(revision="base")
    assert tables() <= {"alembic_version"}

    upgrade()
    assert tables() == everything


def test_models_and_migrations_agree(committed):
    with db.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            change
            for change in compare_metadata(context, db.metadata)
            if "product_search" not in str(change)
        ]

    assert differences == []

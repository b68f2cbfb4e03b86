import pytest


@pytest.fixture
def open_as(app, database):
    """A function from a person (None for a stranger) to a browser of their own."""

    def open_browser(person):
        client = app.test_client()
        if person is not None:
            with client.session_transaction() as session:
                session["_user_id"] = str(person.id)
                session["_fresh"] = True
        return client

    return open_browser

import pytest
from babel.messages.pofile import read_po

from devtools.translations import FOLDER, LANGUAGES, collect, is_translated


@pytest.fixture(scope="module")
def texts():
    return {(message.context, message.id) for message in collect() if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_pages_is_translated(texts, language):
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale=language)

    assert {(message.context, message.id) for message in catalog if message.id} == texts
    assert [message.id for message in catalog if message.id and not is_translated(message)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language):
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale=language)

    broken = [(message.id, str(error)) for message, errors in catalog.check() for error in errors]

    assert broken == []

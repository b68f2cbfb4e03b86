"""The page that tells buyers how buying works says what the rules say."""

import pytest

from marketplace.customs.operations import import_rules

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("ko", ["주문·배송·반품 안내", "150.00", "7일 안에는", "발송 30일 뒤"]),
        ("id", ["Cara berbelanja", "150", "Dalam 7 hari", "30 hari setelah dikirim"]),
        ("en", ["How buying works", "150.00", "Within 7 days", "30 days after it was sent"]),
    ],
)
def test_a_stranger_reads_the_limits_and_days_that_hold(client, lang, says):
    import_rules()

    answer = client.get(f"/{lang}/guide")

    assert answer.status_code == 200
    assert [words for words in says if words not in answer.text] == []

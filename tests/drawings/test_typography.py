import pytest

from marketplace.drawings import hold_dots, small_won


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("바틱·직물", "바틱\u2060·직물"),
        ("홀빈 · 2개", "홀빈\u00a0· 2개"),
        ("A·B", "A·B"),
        ("관·부가세와 교환·반품", "관\u2060·부가세와 교환\u2060·반품"),
    ],
)
def test_no_line_starts_with_a_middle_dot(text, held):
    assert hold_dots(text) == held


@pytest.mark.parametrize(
    ("amount", "html"),
    [
        ("24,900원", '24,900<span class="won">원</span>'),
        ("₩24,900", "₩24,900"),
        ("Rp\u00a0185.000", "Rp\u00a0185.000"),
        ("<b>1원", '&lt;b&gt;1<span class="won">원</span>'),
    ],
)
def test_the_won_after_a_price_is_set_smaller(amount, html):
    assert small_won(amount) == html

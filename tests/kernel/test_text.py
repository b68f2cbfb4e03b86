from __future__ import annotations

import pytest

from marketplace.kernel.text import narrow, one_line, readable


@pytest.mark.parametrize(
    "typed", ["\u200b\u200b", "\u202e", "\0", " \t ", "\u3164", "\u2060\ufeff", "\u00ad"]
)
def test_what_nobody_can_see_is_nothing(typed):
    assert one_line(typed) == readable(typed).strip() == ""


def test_a_name_keeps_its_letters_and_loses_what_hides_between_them():
    assert one_line("김\u200b하은 ") == "김하은"
    assert one_line("x\0y") == "xy"
    assert one_line("Siti\u202e  Rahayu\n") == "Siti Rahayu"
    assert one_line("\u1112\u1161\u110b\u1173\u11ab") == "하은"


def test_longer_text_keeps_its_lines_and_joined_emoji():
    assert readable("a\r\n\tb 👩‍🌾\0\u202e") == "a\r\n\tb 👩‍🌾"


def test_wide_digits_are_digits():
    assert narrow(" ０４５ ２４ ") == "04524"

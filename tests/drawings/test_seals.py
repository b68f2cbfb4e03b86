import re

from marketplace.drawings import fingerprint, seal


def stitches(drawing):
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1", drawing)}


def test_a_code_always_has_the_same_pattern_and_no_other_code_has_it():
    pattern = fingerprint("7C1E-09AB-5D42")
    fingerprint.cache_clear()

    assert fingerprint("7C1E-09AB-5D42") == pattern
    assert fingerprint("7C1E-09AB-5D43") != pattern


def test_a_pattern_is_the_same_in_four_directions():
    sewn = stitches(fingerprint("7C1E-09AB-5D42"))

    assert sewn
    assert sewn == {(11 - x, y) for x, y in sewn} == {(x, 11 - y) for x, y in sewn}


def test_a_long_name_is_squeezed_into_its_stamp():
    assert "textLength" not in seal("KOTRA")
    assert "textLength" in seal("KEMENKOP UKM")

"""What the strict reader of JSON takes and refuses."""

import pytest

from core.strict_json import BadFrame, loads_strict


def test_an_object_is_read():
    assert loads_strict('{"type": "a", "n": [1, 2.5, null, true, "ñ"]}', max_chars=100) == {
        "type": "a",
        "n": [1, 2.5, None, True, "ñ"],
    }


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "null",
        '"texto"',
        "{",
        '{"n": NaN}',
        '{"n": Infinity}',
        '{"n": -Infinity}',
        '{"n": 1e999}',
        '{"n": -1e999}',
        '{"t": "\\ud800"}',
        '{"t": "a\\u0000b"}',
        '{"\\u0000": 1}',
        '{"a": [[[[[[1]]]]]]}',
        "[" * 100_000,
        '{"t": "' + "x" * 200 + '"}',
    ],
)
def test_what_has_poisoned_readers_elsewhere_is_refused(raw):
    with pytest.raises(BadFrame):
        loads_strict(raw, max_chars=150 if "x" in raw else 200_000)

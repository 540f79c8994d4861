"""JSON as JavaScript writes it.

The expected texts were printed by Node 20: JSON.stringify(JSON.parse(text)).
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from segment_pendo.base import js_json
from segment_pendo.base.js_json import MAX_DEPTH
from segment_pendo.words import Json

CASES = [
    (b"1.0", b"1"),
    (b"-0", b"0"),
    (b"-0.0", b"0"),
    (b"1e21", b"1e+21"),
    (b"1e20", b"100000000000000000000"),
    (b"123456789012345680000.5", b"123456789012345680000"),
    (b"0.000001", b"0.000001"),
    (b"0.0000001", b"1e-7"),
    (b"1.5e-9", b"1.5e-9"),
    (b"-1.25e-7", b"-1.25e-7"),
    (b"5e-324", b"5e-324"),
    (b"1.7976931348623157e308", b"1.7976931348623157e+308"),
    (b"1e400", b"null"),
    (b"9007199254740993", b"9007199254740992"),
    (b"12345678901234567890", b"12345678901234567000"),
    (b"1208925819614629174706176", b"1.2089258196146292e+24"),
    (b"0.1", b"0.1"),
    (b"9461311623821794.0", b"9461311623821794"),
    (b"9.2545e+15", b"9254500000000000"),
    (b"4503599627370497.5", b"4503599627370498"),
    (b"2251799813685249.5", b"2251799813685249.5"),
    (b"0.00010", b"0.0001"),
    (b"0.00001", b"0.00001"),
    (b"123.456", b"123.456"),
    (rb'"\u0041\/\u2028"', '"A/\u2028"'.encode()),
    (rb'"\ud83d"', rb'"\ud83d"'),
    (rb'"\ud83d\ude00"', '"😀"'.encode()),
    (rb'"\u001f\u007f\b\f\n\r\t\"\\"', b'"\\u001f\x7f\\b\\f\\n\\r\\t\\"\\\\"'),
    (b'{"b":1,"10":2,"9":3,"a":4}', b'{"9":3,"10":2,"b":1,"a":4}'),
    (b'{"4294967295":1,"4294967294":2,"01":3}', b'{"4294967294":2,"4294967295":1,"01":3}'),
    (b'{"a":1,"b":2,"a":3}', b'{"a":3,"b":2}'),
    (rb'{"z":0,"\u0031":1}', b'{"1":1,"z":0}'),
    (b'[1.0, {"a" : [ ] }, true, null]', b'[1,{"a":[]},true,null]'),
    (b"\xef\xbb\xbf{}", b"{}"),
    (b'"Zo\xeb"', '"Zo\ufffd"'.encode()),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_read_is_written_as_javascript_would(text: bytes, expected: bytes) -> None:
    parsed = js_json.read(text)
    assert js_json.write(parsed.value, ordinary=parsed.ordinary) == expected


def test_proto_keys_are_lost_at_any_depth() -> None:
    # Not JavaScript's rule but that of Segment's mapping kit.
    for spelled in (rb'{"__prot\u006f__":1}', rb'{"\u005f_proto__":1}', rb'{"a":{"\u005F\u005Fproto__":1}}'):
        hidden = js_json.read(spelled)
        assert b"proto" not in js_json.write(hidden.value, ordinary=hidden.ordinary)
    parsed = js_json.read(b'{"a":{"__proto__":1,"b":[{"__proto__":{}}]},"__proto__":2,"constructor":3}')
    assert js_json.write(parsed.value, ordinary=parsed.ordinary) == b'{"a":{"b":[{}]},"constructor":3}'


@pytest.mark.parametrize(
    "text", [b"", b"NaN", b"[Infinity]", b"[1,]", b"{'a':1}", b'"\x01"', b"01", b"[1] x", b"nul"]
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        js_json.read(text)


def test_depth_is_no_matter_for_writing() -> None:
    value: Json = []
    for _ in range(50_000):
        value = [value]
    assert js_json.write(value) == b"[" * 50_001 + b"]" * 50_001


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 9_980, 500_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b'{"1":[', b"]}")])
def test_too_deep_to_read_is_a_recursion_error(start: bytes, end: bytes, depth: int) -> None:
    with pytest.raises(RecursionError):
        js_json.read(start * depth + b"1" + end * depth)


def test_the_deepest_that_is_read_is_the_same_everywhere() -> None:
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert js_json.write(js_json.read(text).value) == text
    assert js_json.read(b"[" + b"[]," * 2000 + b"[]]").ordinary, "many are not deep"
    with pytest.raises(RecursionError):
        js_json.read(b"[" + text + b"]")


@pytest.mark.parametrize(
    "text", [b'{"b":1.0,"10":12345678901234567890,"__proto__":1,"c":1e400}', rb'["\ud83d",-1e400]']
)
def test_keep_loses_nothing(text: bytes) -> None:
    kept = js_json.keep(js_json.read(text).value)
    assert json.loads(kept) == json.loads(text)
    assert list(json.loads(kept)) == list(json.loads(text))


def test_ascii_only_escapes_inside_strings() -> None:
    assert js_json.ascii_only('{"é":"😀"}') == '{"\\u00e9":"\\ud83d\\ude00"}'


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        (
            (
                b"[1, 1.0, -0, 1e21, 0.1, 9007199254740991, 9007199254740992, 123456789012345680000, "
                b"1e-7, 0.30000000000000004]"
            ),
            [],
        ),
        (b"9007199254740993", [((), "9007199254740993", "9007199254740992")]),
        (b'{"a": [12345678901234567890]}', [(("a", 0), "12345678901234567890", "12345678901234567000")]),
        (b'{"a": 0.1234567890123456789}', [(("a",), "0.1234567890123456789", "0.12345678901234568")]),
        (b"[0e9999999999999999999, -0.0e-99999999999999999999, 0.000]", []),
        (b"[1e400, -1e400]", [((0,), "1e400", "null"), ((1,), "-1e400", "null")]),
        (b"1e-400", [((), "1e-400", "0")]),
        (b"1e99999999999999999999", [((), "1e99999999999999999999", "null")]),
        (b"1" * 500, [((), "1" * 500, "null")]),
        (b"-4503599627370497.3", [((), "-4503599627370497.3", "-4503599627370497")]),
        (
            b'{"__proto__": {"a": 1e400}, "b": {"__proto__": 1}}',
            [(("__proto__",), "__proto__", None), (("b", "__proto__"), "__proto__", None)],
        ),
    ],
)
def test_what_javascript_loses(
    text: bytes, losses: list[tuple[tuple[str | int, ...], str, str | None]]
) -> None:
    parsed = js_json.read(text)
    assert sorted(js_json.losses(parsed.value), key=lambda loss: [str(key) for key in loss.path]) == losses
    assert not losses or not parsed.ordinary or js_json.quick(parsed.value) is None, (
        "the fast path must not hide a loss"
    )


@pytest.mark.parametrize(
    "text",
    [b"0.1234567890123456789", b"1e400", b"-1e400", b"1e-400", b"9007199254740993", b'{"__proto__":[1e999]}'],
)
def test_what_is_kept_keeps_every_digit(text: bytes) -> None:
    assert js_json.keep(js_json.read(text).value) == text


def test_stringify_keeps_the_keys_that_segment_loses() -> None:
    value = js_json.read(b'{"b":1.0,"__proto__":[1e400],"2":"\\ud800","1":{"__proto__":null}}').value
    assert js_json.stringify(value) == '{"1":{"__proto__":null},"2":"\\ud800","b":1,"__proto__":[null]}'
    assert js_json.write(value) == b'{"1":{},"2":"\\ud800","b":1}'


@pytest.mark.parametrize("deep", [lambda value: [value], lambda value: {"a": value}])
@pytest.mark.parametrize("least", [[], {}, 1])
def test_how_deep_a_text_nests_is_known_however_many_brackets_it_has(deep: Any, least: Json) -> None:
    value = least
    levels = isinstance(least, list | dict)
    for _ in range(MAX_DEPTH - 1 - levels):
        value = deep(value)
    many: list[Json] = [[] for _ in range(MAX_DEPTH)]
    allowed = json.dumps([*many, value]).encode()
    assert js_json.read(allowed).value == [*many, value]
    with pytest.raises(RecursionError, match="nested more than 250 levels"):
        js_json.read(json.dumps([*many, deep(value)]).encode())


@pytest.mark.parametrize("text", [b"-0", b"[-0]", b'{"a": -0}', b'{"a":1.0}', b'{"a":1e5}', b'{"a":0.10}'])
def test_what_the_fast_reader_would_spell_anew_is_left_to_the_exact_one(text: bytes) -> None:
    parsed = js_json.read(text, spelled=True)
    assert not parsed.ordinary
    assert js_json.keep(parsed.value) == text.replace(b" ", b"")


def test_what_is_ordinary_keeps_its_spelling_with_the_fast_reader() -> None:
    text = '{"b":1.5,"a":[-0.25,12,"-0","é"],"d":"2026-01-05"}'.encode()
    parsed = js_json.read(text, spelled=True)
    assert parsed.ordinary
    assert js_json.keep(parsed.value, ordinary=True) == text


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"at": datetime(2024, 5, 9, tzinfo=UTC)}])
def test_what_is_no_json_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        js_json.write(value)

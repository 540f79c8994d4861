"""The clues of the shapes of secrets and persons: whatever the text, none costs a finding."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segment_pendo.recordings.redaction.shapes import SHAPES, Shape

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
# What shapes are made of, also letters that `re` takes for s, k and i where case does not count.
PIECES: Final = [
    "@", "%40", "&#64;", "\uff20", ".", ":", "::", "-", "+", "/", "=", "?", "&", ";", " ", "_", '"',
    "\\", ",", "e", "example.com", "Initech-Mail.co", "10", "93.184.216.34", "2a00", "fe", "555",
    "0142", "078-05-1120", "(415) ", "51.50735, -0.12776", "4111", "1111 ", "371449635398431",
    "DE89", "3704 ", "0440", "eyJhbGciOiJIUzI1NiJ9", "-----BEGIN", " PRIVATE KEY-----", "sk_live_",
    "whsec_", "ghp_", "AKIA", "SG.", "npm_", "xoxb-", "sk-ant-", "hooks.slack.com/services/",
    "Bearer ", "https://", "/data/", "writeKey", "WRITE_KEY", "write\u212aey", "pa\u017f\u017fword",
    "api_key", "ap\u0131_key", "AP\u0130KEY", "token", "s\u0131g", "COOKIE", "sid", "access_key",
    "aB3dEf7hIjKlMn0pQrStUvWx9", "7c0a4b1d", "-93ef-4a5b-8d21-6f0e9c3b5a17",
]  # fmt: skip
TEXTS: Final = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def suspects(shape: Shape, matches: Iterator[re.Match[str]]) -> list[tuple[int, str]]:
    return [(match.start(), match[0]) for match in matches if shape.is_suspect(match[0])]


def agrees(text: str) -> None:
    for shape in SHAPES:
        whole = suspects(shape, shape.pattern.finditer(text))
        assert suspects(shape, iter(shape.matches(text))) == whole, shape.what


@example("pa\u017f\u017fword=aB3dEf7hIjKlMn0p")
@example("AP\u0130KEY: aB3dEf7hIjKlMn0p")
@example("2a00:1450:4001:82a:0:0:0:200e")
@example("12:ab:cd:ef:01:23")
@given(TEXTS)
def test_a_text_without_a_clue_has_no_suspect(text: str) -> None:
    agrees(text)


@pytest.mark.parametrize("name", ["planted", "benign"])
def test_nor_has_one_of_the_corpora_or_a_part_of_it(name: str) -> None:
    draw = random.Random(name)
    for line in (FIXTURES / "redaction" / f"{name}.jsonl").read_text("utf-8").splitlines():
        text = json.dumps(json.loads(line)["call"], ensure_ascii=False)
        start = draw.randrange(len(text))
        for part in (text, text[start:], text[:start]):
            agrees(part)

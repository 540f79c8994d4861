"""Our JSON beside Node's: the same bytes for 20,000 texts made to be difficult.

The texts come from a seed, so a failure stays where it is; `SEED=n COUNT=m uv run pytest tests/oracles` tries
others.
"""

import os
import random
import shutil
import subprocess

import pytest

from segment_pendo.base import js_json

NODE = """
const strip = (v) => {
  if (Array.isArray(v)) return v.map(strip);
  if (v === null || typeof v !== "object") return v;
  return Object.fromEntries(Object.keys(v).filter((k) => k !== "__proto__").map((k) => [k, strip(v[k])]));
};
for (const line of require("node:fs").readFileSync(0, "latin1").split("\\n")) {
  if (!line) continue;
  const read = strip(JSON.parse(Buffer.from(line, "hex").toString()));
  console.log(Buffer.from(JSON.stringify(read)).toString("hex"));
}
"""
SIGNS = ["", "+", "-"]
NUMBERS = [
    "1.0",
    "-0",
    "-0.0",
    "1e21",
    "1e400",
    "-1e400",
    "9007199254740993",
    "5e-324",
    "1E5",
    "0.000001",
    "1e-7",
    "123456789012345680000",
]
PARTS = [
    "a",
    "é",
    "😀",
    "\\u2028",
    "\u2028",
    "\\ud83d",
    "\\ude00",
    "\\u0000",
    '\\"',
    "\\\\",
    "\\/",
    "\\n",
    "\\u0041",
    " ",
    "__proto__",
    "1",
    "\x7f",
]
KEYS = [
    '"1"',
    '"10"',
    '"2"',
    '"01"',
    '"4294967295"',
    '"4294967294"',
    '"-1"',
    '"a"',
    '"b"',
    '"constructor"',
    '"\\u0031"',
    '"__prot\\u006f__"',
]


class Texts:
    """JSON texts of every odd kind."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def number(self) -> str:
        dice = self.dice
        size = 10 ** dice.randint(1, 25)
        return dice.choice(
            [
                str(dice.randint(-size, size)),
                repr(dice.uniform(-1, 1) * 10.0 ** dice.randint(-30, 30)),
                f"{dice.randint(0, 9)}.{dice.randint(0, size)}e{dice.choice(SIGNS)}{dice.randint(0, 330)}",
                dice.choice(NUMBERS),
            ]
        )

    def string(self) -> str:
        return '"' + "".join(self.dice.choice(PARTS) for _ in range(self.dice.randint(0, 6))) + '"'

    def value(self, depth: int = 0) -> str:
        dice = self.dice
        kind = dice.random()
        if depth > 4 or kind < 0.3:
            return self.number()
        if kind < 0.5:
            return self.string()
        if kind < 0.6:
            return dice.choice(["true", "false", "null"])
        if kind < 0.8:
            return "[" + ", ".join(self.value(depth + 1) for _ in range(dice.randint(0, 4))) + "]"
        members = (
            f"{dice.choice([self.string(), dice.choice(KEYS)])} : {self.value(depth + 1)}"
            for _ in range(dice.randint(0, 6))
        )
        return "{" + ",\n".join(members) + "}"


@pytest.mark.rules("W-28", of="node")
def test_the_same_bytes_as_node() -> None:
    program = shutil.which("node")
    assert program, "node is not installed"
    source = Texts(int(os.environ.get("SEED", "7")))
    texts = [source.value().encode() for _ in range(int(os.environ.get("COUNT", "20000")))]
    lines = "\n".join(text.hex() for text in texts)
    done = subprocess.run([program, "-e", NODE], input=lines, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = [bytes.fromhex(line) for line in done.stdout.split()]
    assert len(expected) == len(texts)
    quick = 0
    for text, node in zip(texts, expected, strict=True):
        parsed = js_json.read(text)
        quick += parsed.ordinary
        assert js_json.write(parsed.value, ordinary=parsed.ordinary) == node, text
        assert js_json.write(parsed.value) == node, text
    assert quick > len(texts) // 4, "the fast path was hardly tried"

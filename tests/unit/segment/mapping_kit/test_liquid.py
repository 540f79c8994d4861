"""Liquid templates: what they write, and what is refused."""

from typing import Any

import pytest

from segment_pendo.segment.mapping_kit import liquid
from segment_pendo.segment.mapping_kit.values import Work

EVENT: dict[str, Any] = {
    "plan": "Pro Plan",
    "none": None,
    "zero": 0,
    "hollow": "",
    "tags": ["a", None, "b"],
    "one": {"size": 7, "x y": 1},
    "text": "ß<&😀",
}


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("a {{- plan -}} b", "aPro Planb"),
        ("{{ tags }}/{{ tags | join }}/{{ tags | size }}/{{ tags[-1] }}", "ab/a  b/3/b"),
        ("{{ one }}{{ none }}{{ missing.x }}{{ one.size }}{{ one['x y'] }}", "[object Object]71"),
        ("{{ plan | upcase | replace: 'PRO', 'x' | append: '!' }}", "x PLAN!"),
        (
            "{% if zero %}zero{% endif %}{% if hollow %}hollow{% endif %}{% if none %}none{% endif %}",
            "zerohollow",
        ),
        ("{% if plan contains 'Pro' and none == nil %}y{% else %}n{% endif %}", "y"),
        ("{% if true or false and false %}y{% else %}n{% endif %}", "y"),
        ("{% unless hollow == blank %}n{% elsif zero < 1 %}y{% endunless %}", "y"),
        (
            "{% assign a = zero | plus: 1.5 %}{{ a }}{% capture c %}<{{ a }}>{% endcapture %}{{ c }}",
            "1.5<1.5>",
        ),
        ("{% comment %}{{ nothing | at all }}{% endcomment %}{{ zero | default: 'd' }}", "0"),
        ("{{ none | default: 'd' }}{{ hollow | default: 'd' }}{{ plan | unheard_of: 1 }}", "ddPro Plan"),
        ("{{ text | escape }}{{ text | upcase | size }}", "ß&lt;&amp;😀6"),
        (
            "{{ 1 | divided_by: 3 }} {{ 1 | divided_by: 0 }} {{ 'x' | times: 2 }} {{ 2.5 | round }}",
            f"{1 / 3} Infinity 0 3",
        ),
        ("{{ size }}", "0"),
    ],
)
def test_what_a_template_writes(template: str, written: str) -> None:
    assert liquid.fault(template) == ""
    assert liquid.rendered(template, EVENT, Work()) == written


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("{% for tag in tags %}{% endfor %}", "tag for off"),
        ("{{ tags | map: 'a' }}", "filter map off"),
        ("{{ at | date: '%Y' }}", "filter date is not worked out"),
        ("{% cycle 'a' %}", "tag cycle is not worked out"),
        ("{{ plan", "without its end"),
        ("{% if plan %}", "never closed by endif"),
        ("{{ plan | append }}", "append with these arguments"),
        ("{{ a b }}", "is not worked out"),
        ("x" * 1001, "at most 1000"),
    ],
)
def test_what_is_refused(template: str, part: str) -> None:
    assert part in liquid.fault(template)

"""The summary of a suite, as Markdown."""

from segment_pendo.testing.ci_summary import Case, markdown


def case(name: str, *, passed: bool = True, findings: str = "") -> Case:
    return Case(name, passed, {"calls": "2", "webhooks": "1", "skipped": "1", "findings": findings})


def test_what_is_fine_is_only_counted() -> None:
    assert markdown([case("a"), case("b")], []) == (
        "### segment-pendo: 2 tests used it, 0 of them failed\n\n4 Segment calls: 2 webhooks to "
        "Pendo, 2 skipped.\n"
    )


def test_what_is_not_is_told_but_never_endlessly() -> None:
    many = [case(f"t{number}", passed=False) for number in range(120)]
    lines = markdown(many, [(f"t{number}", "identify user u1") for number in range(120)]).splitlines()
    assert sum(line.startswith("| t") for line in lines) == 101  # and the head
    assert "and 20 more" in lines
    assert sum(line.startswith("- t") for line in lines) == 100


def test_nothing_of_an_app_is_markup() -> None:
    hostile = "<img src=x> [a](https://evil) ![b](c) @team *x* | `y` \\ &amp; \x1b[31m"
    text = markdown([case(hostile, findings="X")], [("t", hostile)])
    escaped = (
        "&lt;img src=x> \\[a\\](https://evil) \\!\\[b\\](c) &#64;team \\*x\\* \\| \\`y\\` \\\\ &amp;amp; "
        "\\x1b\\[31m"
    )
    assert text.count(escaped) == 2
    assert "\x1b" not in text

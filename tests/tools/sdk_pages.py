"""The pages docs/sdks/: how each SDK is pointed here, made from what the page and `init` read."""

from collections.abc import Iterator
from pathlib import Path

from segment_pendo.serve.sdks import Sdk, sdks

FOLDER = Path(__file__).parents[2] / "docs" / "sdks"
HOME = "http://127.0.0.1:4170"
MADE = "<!-- made by tests/tools/make_docs.py from serve/api/page/sdks.json; a test holds it -->"
# How an app of each kind is started as it is; phones and other machines come by the network.
STARTED = {
    "Python": "python app.py",
    "Node": "npm start",
    "Ruby": "bundle exec ruby app.rb",
    "Go": "go run .",
    "PHP": "php app.php",
    "Java": "java -jar app.jar",
    ".NET": "dotnet run",
}
BROWSERS = {"Browser", "RudderStack, browser"}
EMULATOR = " The emulator needs no `--lan`: for it this machine is 10.0.2.2."
PHONES = {"iOS", "Android", "React Native"}
LANGUAGES = {
    "Python": "python",
    "Node": "js",
    "Browser": "js",
    "RudderStack, browser": "js",
    "Ruby": "ruby",
    "Go": "go",
    "PHP": "php",
    "Java": "java",
    ".NET": "csharp",
    "iOS": "swift",
    "Android": "kotlin",
    "React Native": "js",
}


def shown() -> list[Sdk]:
    """The SDKs that have a page: those of a language."""
    return [sdk for sdk in sdks() if sdk.name in LANGUAGES]


def file(sdk: Sdk) -> Path:
    """Where the page of an SDK lies."""
    return FOLDER / f"{sdk.name.lower().removeprefix('.').replace(', ', '-').replace(' ', '-')}.md"


def page(sdk: Sdk) -> str:
    """The page of an SDK."""
    return "\n".join(_lines(sdk)) + "\n"


def contents() -> str:
    """The list of the pages."""
    rows = [f"| [{sdk.name}]({file(sdk).name}) | {_note(sdk)} |" for sdk in shown()]
    return (
        "\n".join(["# One page for each SDK", "", MADE, "", "| for | SDK |", "| --- | --- |", *rows]) + "\n"
    )


def _note(sdk: Sdk) -> str:
    return sdk.note.replace("{{needs_tls}}", "insists on TLS")


def _lines(sdk: Sdk) -> Iterator[str]:
    yield from (f"# {sdk.name}", "", MADE, "", f"{_note(sdk)}.", "")
    if sdk.name in STARTED:
        yield from (
            "## The app as it is",
            "",
            "```sh",
            f"segment-pendo run -- {STARTED[sdk.name]}",
            "```",
            "",
        )
    elif sdk.name in BROWSERS:
        yield from ("## The app as it is", "", "```sh")
        yield from ("segment-pendo run --browser http://localhost:3000 -- npm run dev", "```", "")
        yield from ("[More about browsers](../browser.md).", "")
    else:
        yield from (
            "## The app as it is",
            "",
            "By the proxy of `segment-pendo run --lan`: [how](../lan.md)."
            + (EMULATOR if sdk.name == "Android" else ""),
            "",
        )
    tls = " --tls-port 4172" if sdk.insists_on_tls else ""
    yield from ("## The SDK at another address", "", "```sh", f"segment-pendo run{tls}", "```", "")
    yield from (f"```{LANGUAGES[sdk.name]}", *sdk.filled(HOME), "```", "")
    if sdk.insists_on_tls:
        yield from ("It must trust our CA, which `segment-pendo ca path` names: [how](../trust.md).", "")
    yield from ("## What became of it", "", "```sh", "segment-pendo why ann firstName", "```", "")
    yield f"Or on the page, {HOME}: each call, what Pendo makes of it, and why. [The page](../page.md)."

"""`recording scan` and `recording redact`."""

import base64
import gzip
import json
import os
import shutil
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from make_fixtures import RECORDINGS
from recorded import calls_of

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.files import load_header
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.recordings.redaction.scan import suspects, without_secrets
from segment_pendo.words import SdkRequest

FIXTURES = RECORDINGS.parent
WRITE_KEY = "aB3dEf7hIjKlMn0pQrStUvWx9zAbC2eF"
UUID = "7c0a4b1d-93ef-4a5b-8d21-6f0e9c3b5a17"

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEta2V5In0.eyJpc3MiOiJhbi1hcHAifQ.c2lnbmF0dXJlLW9mLWFuLWFwcA"
GZIPPED = gzip.compress(b"zoe@initech-mail.co", mtime=0)


def invoke(*arguments: object, **env: str) -> Result:
    return CliRunner(env=env).invoke(main, ["recording", *map(str, arguments)])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"email": "zoe@initech-mail.co"}', "e-mail address"),
        ("dial +49 30 8675309 42 please", "phone number"),
        ('"ip":"93.184.216.34"', "IP address"),
        ('"ip":"2a00:1450:4001:82a::200e"', "IP address"),
        ('"card":"4111 1111 1111 1111"', "card number"),
        ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpM", "token"),
        (f"grant_type=x&client_assertion={JWT}&scope=y", "token"),
        (f"%7B%22client_assertion%22%3A%22{JWT}%22", "token"),
        (f"the\\n{JWT}", "token"),
        ('"client_assertion": "short1"', "secret named client_assertion"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----", "private key"),
        ("key=-----BEGIN+RSA+PRIVATE+KEY-----%0AMIIE%0A-----END+RSA+PRIVATE+KEY-----", "private key"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "token"),
        (f"https://data.pendo.io/data/segmentio/{UUID}", "Pendo key"),
        (f'"writeKey":"{WRITE_KEY}"', "write key"),
        (f'\\"writeKey\\":\\"{WRITE_KEY}\\"', "write key"),
        (
            "Authorization: Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode(),
            "write key in a Basic header",
        ),
        ('"password": "hunter2Xk9fQ0zT"', "secret"),
        (
            json.dumps({"body_b64": base64.b64encode(b'{"email":"zoe@initech-mail.co"}').decode()}),
            "e-mail address in body_b64",
        ),
        (
            json.dumps({"body_b64": base64.b64encode(GZIPPED).decode()}),
            "e-mail address in body_b64",
        ),
    ],
)
def test_what_must_not_be_shared_is_found(text: str, what: str) -> None:
    found = list(suspects(text))
    assert [one.what for one in found] == [what]
    for secret in (WRITE_KEY, UUID, JWT, "zoe@initech-mail.co", "8675309", "hunter2Xk9fQ0zT", "short1"):
        assert secret not in found[0].shown, "a report must not repeat it"


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com, bob@mail.example.org, eve@host.test",
        "127.0.0.1 10.1.2.3 192.168.0.1 192.0.2.1 198.18.3.4 8.8.8.8 Chrome/156.0.0.0 1.2.3 999.1.1.1",
        "2024-05-09T10:00:00.123+02:00 1e+21 +00000000 +1-555-0123",
        '"writeKey":"WRITE_KEY_1" Basic V1JJVEVfS0VZXzE6',
        "https://data.pendo.io/data/segmentio/00000000-0000-0000-0000-000000000000",
        '"anonymousId":"7c0a4b1d-93ef-4a5b-8d21-6f0e9c3b5a17"',
        '"password":"", "api_key": "<your key here>"',
        '{"body_b64": "####"} {"body_b64": "H4sI"}',
    ],
)
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert list(suspects(text)) == []


def test_the_fixtures_are_clean() -> None:
    # What is planted in the corpora of redaction is to be found.
    clean = [path for path in FIXTURES.iterdir() if path.name != "redaction"]
    done = invoke("scan", *clean)
    assert (done.exit_code, done.stdout) == (0, "")


def test_a_find_names_its_place_and_ends_with_1(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text('{}\n{"email": "zoe@initech-mail.co"}\n')
    done = invoke("scan", tmp_path)
    assert done.exit_code == 1
    assert done.stdout == f"{file}:2:12: e-mail address: zoe….co\n"


def test_redacted_recordings_check_and_keep_their_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [Path(shutil.copy(path, tmp_path / path.name)) for path in sorted(RECORDINGS.glob("*.jsonl"))]
    before = [one for file in files for one in calls_of(file)]
    done = invoke("redact", *files, SEGMENT_PENDO_REDACT_KEY="a key of the team")
    assert done.exit_code == 0, done.output
    after = [one for file in files for one in calls_of(file)]
    assert [(one.outcome, one.code, one.findings) for one in after] == [
        (one.outcome, one.code, one.findings) for one in before
    ]
    assert "Gibbons" not in "".join(file.read_text("utf-8") for file in files)
    assert CliRunner().invoke(main, ["check", *map(str, files)]).exit_code == 0
    twice = [file.read_bytes() for file in files]
    again = invoke("redact", *files, SEGMENT_PENDO_REDACT_KEY="a key of the team")
    assert "redacted before" in again.output
    assert [file.read_bytes() for file in files] == twice
    assert not (tmp_path / ".segment-pendo-key").exists()


def test_the_key_is_made_once_for_its_owner_and_git_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / ".gitignore").write_text("dist/\n")
    source = RECORDINGS / "segment-analytics-python.jsonl"
    texts = []
    for name in ("a.jsonl", "b.jsonl"):
        shutil.copy(source, name)
        assert invoke("redact", name, SEGMENT_PENDO_REDACT_KEY="").exit_code == 0
        texts.append(Path(name).read_text("utf-8"))
    assert texts[0] == texts[1]
    key = tmp_path / ".segment-pendo-key"
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (tmp_path / ".gitignore").read_text() == "dist/\n.segment-pendo-key\n"
    assert key.read_text().strip() not in texts[0]


@pytest.mark.parametrize("content", [b"cut", b"header", b""])
@pytest.mark.parametrize("verb", ["redact", "import"])
def test_no_key_is_left_where_nothing_was_written(
    verb: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    whole = (RECORDINGS / "segment-analytics-python.jsonl").read_bytes()
    file = tmp_path / "r.jsonl"
    file.write_bytes({b"cut": whole[:-30], b"header": b'{"format": 5'}.get(content, content))
    words = ["r.jsonl"] if verb == "redact" else ["r.jsonl", "-o", "out.jsonl", "--redact", "people"]
    done = invoke(verb, *words, SEGMENT_PENDO_REDACT_KEY="")
    is_nothing = not content and verb == "import"  # an empty file has no calls, and is imported so
    assert (done.exit_code, "Made .segment-pendo-key" in done.output) == (0 if is_nothing else 3, is_nothing)
    left = {file.name for file in tmp_path.iterdir()}
    assert is_nothing or left == {".git", "r.jsonl"}


def test_one_key_for_all_files_of_which_one_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = (RECORDINGS / "segment-analytics-python.jsonl").read_bytes()
    for name, content in (("a", whole[:-30]), ("b", whole), ("c", whole)):
        (tmp_path / name).write_bytes(content)
    done = invoke("redact", "a", "b", "c", SEGMENT_PENDO_REDACT_KEY="")
    assert (done.exit_code, done.output.count("Made .segment-pendo-key")) == (1, 1)
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes() != whole
    assert (tmp_path / "a").read_bytes() == whole[:-30]


def test_settings_of_the_project_and_their_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(RECORDINGS / "segment-analytics-python.jsonl", "r.jsonl")
    project = tmp_path / "pyproject.toml"
    for table, words in [
        ('replce = ["plan"]', "did you mean replace?"),
        ('ids = "some"', "redact.ids must be keep, users or all"),
        ("keep = 5", "redact.keep must be a list of keys"),
        ("keep = [", "pyproject.toml cannot be read"),
    ]:
        project.write_text(f"[tool.segment-pendo.redact]\n{table}\n")
        done = invoke("redact", "r.jsonl", SEGMENT_PENDO_REDACT_KEY="a key of the team")
        assert done.exit_code == 3
        assert words in done.output
    project.write_text('[tool.segment-pendo.redact]\nids = "all"\nreplace = ["plan"]\nkeep = ["city"]\n')
    assert invoke("redact", "r.jsonl", SEGMENT_PENDO_REDACT_KEY="a key of the team").exit_code == 0
    first = calls_of(Path("r.jsonl"))[0].call
    assert (first["userId"] != "97980cfea0067", len(first["userId"])) == (True, 13)
    assert (first["traits"]["plan"] != "premium", first["traits"]["address"]["city"]) == (
        True,
        "San Francisco",
    )


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
FOUND = [
    (JWT, "REDACTED"),
    (f"Bearer {JWT} for ann", "Bearer REDACTED for ann"),
    ("AKIAIOSFODNN7EXAMPLE", "REDACTED"),
    ("4111 1111 1111 1111", "REDACTED"),
    ("card 4111-1111-1111-1111 ok", "card REDACTED ok"),
    ("DE89 3704 0044 0532 0130 00", "REDACTED"),
    ("GB82WEST12345698765432", "REDACTED"),
    ("password=hunter2Xk9fQ0zT", "password=REDACTED"),
    ("https://x.example/cb?token=a8Kd93jfLq02mZx&b=1", "https://x.example/cb?token=REDACTED"),
    ('{"api_key": "a8Kd93jfLq02mZx"}', '{"api_key": "REDACTED"}'),
]


@pytest.mark.parametrize(("text", "clean"), FOUND)
def test_what_is_found_is_what_is_replaced(text: str, clean: str) -> None:
    assert list(suspects(json.dumps({"a": text})))
    assert without_secrets(text).startswith(clean.partition("&")[0].rstrip("}").rstrip('"'))
    assert list(suspects(json.dumps({"a": without_secrets(text)}))) == []
    assert without_secrets(without_secrets(text)) == without_secrets(text)


@pytest.mark.parametrize(
    "text",
    ["premium", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "password=short", "u-1", "AKIA", ""],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_redact_ends_with_what_scan_still_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("r.jsonl")
    call = {"type": "identify", "userId": "u", "traits": {"contact": "zoe@initech-mail.co"}}
    recorder = Recorder(file, setup=Setup())
    request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": [call]}).encode())
    recorder.take(assess(request, id="r", at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
    recorder.close()
    Path("segment-pendo.toml").write_text('redact.keep = ["contact"]\n')
    done = invoke("redact", file, SEGMENT_PENDO_REDACT_KEY="a key of the team")
    assert done.exit_code == 0
    assert "r.jsonl:3:" in done.output
    assert "still e-mail address: zoe….co" in done.output
    assert "has no shape and stays" in done.output


PEOPLE = People(b"a key of ours")


def test_one_person_stays_one_however_the_address_stands_there() -> None:
    url = "https://x/?email=bob%40acme.io&u=bob%2540acme.io&m=bob@acme.io&n=bob&#64;acme.io"
    call: Any = PEOPLE.call({"userId": "bob@acme.io", "properties": {"url": url}})
    name = call["userId"].partition("@")[0]
    assert call["properties"]["url"].count(name) == 4


@pytest.mark.parametrize(
    ("traits", "clean"),
    [
        (
            {"password": ["hunter2", {"old": "x"}], "n": 1},
            {"password": ["REDACTED", {"old": "REDACTED"}], "n": 1},
        ),
        (
            {"card": 4111111111111111, "order": 4111111111111112},
            {"card": "REDACTED", "order": 4111111111111112},
        ),
        ({"conversion": {"secret": "x"}}, {"conversion": {"secret": "REDACTED"}}),
        (
            {"appVersion": "1.2.3.4", "version": "84.17.44.21"},
            {"appVersion": "1.2.3.4", "version": "84.17.44.21"},
        ),
        ({"token": True, "secret": None, "pin": 0}, {"token": True, "secret": None, "pin": 0}),
        ({"amex": "3782 822463 10005"}, {"amex": "REDACTED"}),
    ],
)
def test_what_lets_somebody_in_is_blanked_with_its_shape(traits: Any, clean: Any) -> None:
    assert PEOPLE.call({"traits": traits}) == {"traits": clean}


def test_things_in_a_context_keep_their_names() -> None:
    context: Any = {
        "os": {"name": "iOS", "version": "17.1"},
        "app": {"name": "Shop", "build": "1.2.3.4"},
        "campaign": {"name": "spring"},
        "library": {"name": "analytics-node", "version": "3"},
    }
    assert PEOPLE.call({"context": context}) == {"context": context}
    people: Any = PEOPLE.call({"context": {"device": {"name": "Ann's iPhone"}, "traits": {"name": "Ann"}}})
    assert "Ann" not in str(people)


def test_an_import_can_redact_at_once(tmp_path: Path) -> None:
    source, out = tmp_path / "events.jsonl", tmp_path / "r.jsonl"
    source.write_text('{"type": "identify", "userId": "u", "traits": {"email": "zoe@initech-mail.co"}}\n')
    key = {"SEGMENT_PENDO_REDACT_KEY": "a key of the team"}
    done = invoke("import", source, "-o", out, "--redact", "people", **key)
    assert done.exit_code == 0
    assert "zoe" not in out.read_text()
    assert load_header(out).redacted == "people"

"""The proxy's CA: made, read again, and told where it is damaged."""

from pathlib import Path

import pytest

from segment_pendo_addons.proxy import AuthorityError, authority, server_context


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ca")
    authority(directory)
    return directory


def test_it_is_made_once_and_read_again(whole: Path) -> None:
    before = (whole / "mitmproxy-ca.pem").read_bytes()
    assert authority(whole).read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert (whole / "mitmproxy-ca.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["mitmproxy-ca.pem", "mitmproxy-ca-cert.pem"])
@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n", b"\xff" * 100])
def test_a_damaged_file_is_told_with_its_remedy(
    whole: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(content if file.name == name else file.read_bytes())
    for use in (authority, lambda directory: server_context(directory, ["api.segment.io"])):
        with pytest.raises(AuthorityError, match="`segment-pendo ca remove`") as raised:
            use(tmp_path)
        assert str(tmp_path) in str(raised.value)


def test_a_missing_certificate_is_told(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "mitmproxy-ca.pem").write_bytes((whole / "mitmproxy-ca.pem").read_bytes())
    with pytest.raises(AuthorityError, match="No such file or directory"):
        authority(tmp_path)

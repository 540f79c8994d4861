"""The CA files of a child, and the variables and options that name them."""

import os
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from mitmproxy.certs import CertStore

from segment_pendo.serve.launching.trust import bundle, trusted

NO_JAVA = {"PATH": ""}


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    CertStore.from_store(tmp_path / "ca", "mitmproxy", 2048)
    return tmp_path / "ca" / "mitmproxy-ca-cert.pem"


def test_bundles_keep_what_the_variable_named(ours: Path, tmp_path: Path) -> None:
    theirs, node = tmp_path / "theirs.pem", tmp_path / "node.pem"
    theirs.write_text("THEIRS")
    node.write_text("NODE\n")
    base = {"REQUESTS_CA_BUNDLE": str(theirs), "NODE_EXTRA_CA_CERTS": str(node)}
    made = trusted(NO_JAVA | base, ours, tmp_path / "trust").variables
    text = {name: Path(path).read_text() for name, path in made.items() if "INI" not in name}
    certificate = ours.read_text()
    assert text["REQUESTS_CA_BUNDLE"] == "THEIRS\n" + certificate
    assert text["NODE_EXTRA_CA_CERTS"] == "NODE\n" + certificate
    assert text["DENO_CERT"] == text["SEGMENT_PENDO_CA"] == certificate
    assert text["SSL_CERT_FILE"].count("BEGIN CERTIFICATE") > 10
    assert text["SSL_CERT_FILE"].endswith(certificate)


def test_a_container_gets_one_file_with_ours_and_those_of_this_machine(ours: Path, tmp_path: Path) -> None:
    file = bundle({}, ours, tmp_path / "trust")
    assert file.read_text().count("BEGIN CERTIFICATE") > 10
    assert file.read_text().endswith(ours.read_text())
    assert file.stat().st_mode & 0o777 == 0o644
    assert bundle({}, ours, tmp_path / "trust") == file
    theirs = tmp_path / "theirs.pem"
    theirs.write_text("THEIRS\n")
    of_theirs = bundle({"SSL_CERT_FILE": str(theirs)}, ours, tmp_path / "trust")
    assert of_theirs.read_text() == "THEIRS\n" + ours.read_text()


def test_php_finds_our_bundle_by_an_ini_file(ours: Path, tmp_path: Path) -> None:
    made = trusted(NO_JAVA | {"PHP_INI_SCAN_DIR": "/mine"}, ours, tmp_path / "trust").variables
    theirs, _, folder = made["PHP_INI_SCAN_DIR"].partition(os.pathsep)
    assert theirs == "/mine"
    assert f'curl.cainfo="{made["SSL_CERT_FILE"]}"' in (Path(folder) / "segment-pendo.ini").read_text()


def test_the_same_files_serve_every_run_until_what_they_hold_changes(ours: Path, tmp_path: Path) -> None:
    first = trusted(NO_JAVA, ours, tmp_path / "trust")
    assert trusted(NO_JAVA, ours, tmp_path / "trust") == first
    ours.write_text(ours.read_text() + "\n")
    second = trusted(NO_JAVA, ours, tmp_path / "trust")
    assert second.variables["SSL_CERT_FILE"] != first.variables["SSL_CERT_FILE"]
    assert Path(first.variables["SSL_CERT_FILE"]).exists()  # a daemon of an earlier run may read it


def test_files_that_no_run_used_for_long_are_removed(ours: Path, tmp_path: Path) -> None:
    old, recent = tmp_path / "trust" / "old", tmp_path / "trust" / "recent"
    for folder, days in ((old, 31), (recent, 29)):
        folder.mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(folder, (then, then))
    trusted(NO_JAVA, ours, tmp_path / "trust")
    assert (old.exists(), recent.exists()) == (False, True)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of old roots, by our reading of it here
def test_where_no_jdk_is_found_java_trusts_what_the_system_does_and_ours(ours: Path, tmp_path: Path) -> None:
    made = trusted(NO_JAVA, ours, tmp_path / "trust")
    store, password = (option.partition("=")[2] for option in made.java)
    held = load_pkcs12(Path(store).read_bytes(), password.encode()).additional_certs
    assert len(held) == Path(made.variables["SSL_CERT_FILE"]).read_text().count("BEGIN CERTIFICATE")


def test_a_store_that_keytool_cannot_read_is_left_alone(ours: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    keytool = tmp_path / "bin" / "keytool"
    keytool.write_text("#!/bin/sh\nexit 1\n")
    keytool.chmod(0o700)
    (tmp_path / "their.store").write_bytes(b"?")
    base = {"PATH": "", "JAVA_HOME": str(tmp_path)}
    base["JAVA_TOOL_OPTIONS"] = f"-Xmx1g -Djavax.net.ssl.trustStore={tmp_path / 'their.store'}"
    assert trusted(base, ours, tmp_path / "trust").java == ()

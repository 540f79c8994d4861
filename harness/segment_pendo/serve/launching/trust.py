"""What makes a child trust our CA: files with it and what was trusted before, and variables that name them.

They lie in a directory that outlives us: a child that becomes a daemon reads them later.
"""

import hashlib
import os
import re
import shlex
import shutil
import ssl
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["BUNDLES", "EXTRAS", "Trusted", "bundle", "trusted"]

BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
EXTRAS: Final = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")  # on top of what the client trusts by itself
_KEPT: Final = 30 * 24 * 3600.0  # seconds after which files that no run has used are removed
_STORE: Final = "-Djavax.net.ssl.trustStore="
_PASSWORD: Final = "-Djavax.net.ssl.trustStorePassword="  # noqa: S105 - an option's name
_JAVAS_OWN: Final = "changeit"  # the password of every JDK's cacerts
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEYTOOL_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Trusted:
    """The variables that name the files, and the JVM's options that do."""

    variables: Mapping[str, str] = field(default_factory=dict)
    java: tuple[str, ...] = ()


def trusted(base: Mapping[str, str], ours: Path, directory: Path) -> Trusted:
    """Write the CA files of a child into a folder of the directory that is named after what they hold."""
    bundles = {name: _bundle(base.get(name), ours) for name in BUNDLES}
    bundles |= {name: _bundle(base.get(name), ours, extra=True) for name in EXTRAS}
    digest = hashlib.sha256(b"\0".join(bundles.values())).hexdigest()[:16]
    folder = directory / digest
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name.lower()}.pem" for name in bundles}
    for name, content in bundles.items():
        _write(files[name], content)
    # PHP reads none of these variables, but more ini files: an empty entry keeps its own folder.
    inside = files["SSL_CERT_FILE"]
    _write(folder / "segment-pendo.ini", f'curl.cainfo="{inside}"\nopenssl.cafile="{inside}"\n'.encode())
    variables = {name: str(path) for name, path in files.items()}
    variables["PHP_INI_SCAN_DIR"] = f"{base.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{folder}"
    variables["SEGMENT_PENDO_CA"] = str(ours)
    os.utime(folder)
    _forget(directory, folder)
    return Trusted(variables, _java(base, ours, folder, bundles["SSL_CERT_FILE"]))


def bundle(base: Mapping[str, str], ours: Path, directory: Path) -> Path:
    """Write our CA and those that this machine trusts into one file, which a container may read, too."""
    content = _bundle(base.get("SSL_CERT_FILE"), ours)
    folder = directory / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ca-bundle.pem"
    _write(path, content)
    path.chmod(0o644)  # whoever the container's user is; no certificate is a secret
    os.utime(folder)
    return path


def _bundle(present: str | None, ours: Path, *, extra: bool = False) -> bytes:
    """Return our certificate after those that were trusted before.

    `present`: the file that the variable named before, else the system's bundle (unless `extra`).
    """
    source = Path(present) if present else None if extra else _system_bundle()
    before = source.read_bytes().rstrip() + b"\n" if source is not None and source.is_file() else b""
    certificate = ours.read_bytes()
    return before if certificate.strip() in before else before + certificate


def _system_bundle() -> Path | None:
    paths = ssl.get_default_verify_paths()
    candidates = [
        paths.cafile,
        paths.openssl_cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/cert.pem",
    ]
    bundle_file = next((Path(name) for name in candidates if name and Path(name).is_file()), None)
    if bundle_file is None:
        try:
            import certifi  # noqa: PLC0415 - comes with mitmproxy, needed only where the system has no bundle
        except ImportError:
            return None
        bundle_file = Path(certifi.where())
    return bundle_file


def _write(path: Path, content: bytes) -> None:
    """Write a file at once: another run's child may be reading it."""
    if path.exists():  # its folder is named after what it holds
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(content)
    Path(part.name).replace(path)


def _forget(directory: Path, used: Path) -> None:
    """Remove the folders that no run has used for long."""
    for folder in directory.iterdir():
        if folder != used and folder.is_dir() and time.time() - folder.stat().st_mtime > _KEPT:
            shutil.rmtree(folder, ignore_errors=True)


# --- Java: it reads neither variable nor PEM file, but a key store that options name ---


def _java(base: Mapping[str, str], ours: Path, folder: Path, bundle: bytes) -> tuple[str, ...]:
    """Return the options that name a trust store with ours and what Java trusted before."""
    before, password = _trust_store(base)
    if before is None or (keytool := _keytool(base)) is None:
        path = folder / "java.p12"
        if not path.exists():
            _write(path, _store_of(bundle))
        return (f"{_STORE}{path}", f"{_PASSWORD}{_JAVAS_OWN}")
    seen = before.stat()
    named = hashlib.sha256(f"{before.resolve()} {seen.st_mtime_ns} {seen.st_size} {password}".encode())
    path = folder / f"java-{named.hexdigest()[:16]}.store"
    if path.exists() or _imported(keytool, before, password, ours, path):
        return (f"{_STORE}{path}", f"{_PASSWORD}{password}")
    return ()


def _trust_store(base: Mapping[str, str]) -> tuple[Path | None, str]:
    """Return the store that JAVA_TOOL_OPTIONS names, else the JDK's, None if there is none; its password."""
    try:
        given = shlex.split(base.get("JAVA_TOOL_OPTIONS", ""))
    except ValueError:
        given = []
    store = next((option.removeprefix(_STORE) for option in given if option.startswith(_STORE)), "")
    password = next((option.removeprefix(_PASSWORD) for option in given if option.startswith(_PASSWORD)), "")
    if store and Path(store).is_file():
        return Path(store), password or _JAVAS_OWN
    stores = (
        home / place
        for home in _java_homes(base)
        for place in ("lib/security/cacerts", "jre/lib/security/cacerts")
    )
    return next((path for path in stores if path.is_file()), None), _JAVAS_OWN


def _java_homes(base: Mapping[str, str]) -> list[Path]:
    java = shutil.which("java", path=base.get("PATH", os.defpath))
    homes = [Path(base["JAVA_HOME"])] if base.get("JAVA_HOME") else []
    return [*homes, *([Path(java).resolve().parent.parent] if java else [])]


def _keytool(base: Mapping[str, str]) -> str | None:
    folders = [str(home / "bin") for home in _java_homes(base)]
    return shutil.which("keytool", path=os.pathsep.join([*folders, base.get("PATH", os.defpath)]))


def _imported(keytool: str, before: Path, password: str, ours: Path, to: Path) -> bool:
    """Write a copy of a store with our CA in it; return whether that went well."""
    part = Path(tempfile.mkdtemp(dir=to.parent)) / "store"
    try:
        shutil.copyfile(before, part)
        command = [keytool, "-importcert", "-noprompt", "-alias", "segment-pendo", "-file", str(ours)]
        done = subprocess.run(  # noqa: S603 - the JDK's own program
            [*command, "-keystore", str(part), "-storepass:env", "STORE_PASSWORD"],
            env={**os.environ, "STORE_PASSWORD": password},
            capture_output=True,
            timeout=_KEYTOOL_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            part.replace(to)
        return done.returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
    finally:
        shutil.rmtree(part.parent, ignore_errors=True)


def _store_of(bundle: bytes) -> bytes:
    """Return the certificates of a PEM file as a key store that Java takes for trusted."""
    from cryptography import x509  # noqa: PLC0415 - comes with mitmproxy, as does the CA
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12  # noqa: PLC0415

    how = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)  # what Java 8 reads, too
        .build(_JAVAS_OWN.encode())
    )
    named = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots have serial numbers that are no longer allowed
        for number, block in enumerate(_PEM.findall(bundle)):
            with suppress(ValueError):  # a certificate that cannot be read would not be trusted either
                certificate = x509.load_pem_x509_certificate(block)
                named.append(pkcs12.PKCS12Certificate(certificate, str(number).encode()))
        return pkcs12.serialize_java_truststore(named, how)

"""nginx as it is shipped under configs/deploy, on ports and with a certificate of this machine."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SHIPPED = Path(__file__).parents[2] / "configs/deploy/nginx.conf"
MAIN = "pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\nhttp {{\n{paths}{shipped}}}\n"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def write_proxy(folder: Path, port: int, upstream: Sequence[int], plain_port: int = 8080) -> Path:
    """Write the configuration of an nginx that is its user's own: the shipped one, with other ports and paths."""
    _write_certificate(folder)
    text = SHIPPED.read_text(encoding="utf-8")
    for shipped, own in zip((8001, 8002), upstream, strict=True):
        text = text.replace(f"127.0.0.1:{shipped} ", f"127.0.0.1:{own} ")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ").replace("listen 80;", f"listen 127.0.0.1:{plain_port};")
    text = text.replace("/etc/nginx/yujing/", f"{folder}/").replace("/var/log/nginx/", f"{folder}/")
    paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
    conf = folder / "nginx.conf"
    conf.write_text(MAIN.format(folder=folder, paths=paths, shipped=text), encoding="utf-8")
    assert not re.search(r"/(etc|var)/", re.sub(r"#.*", "", text))
    return conf


@contextmanager
def proxied(folder: Path, port: int, upstream: Sequence[int], plain_port: int) -> Iterator[None]:
    """Run that nginx in front of servers."""
    command = ["nginx", "-c", str(write_proxy(folder, port, upstream, plain_port)), "-g", "daemon off;"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _write_certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yujing.example")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(private)

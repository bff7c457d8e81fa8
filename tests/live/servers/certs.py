"""A certificate authority of our own and a certificate for localhost; for some tests a bad one."""
import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def signed(subject, key, issuer, issuer_key, start, end, *extensions):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def make(folder, kind="good"):
    """Writes ca.pem and server.pem (chain and key) and returns their paths.

    `kind`: good; expired; other-host (a name nobody asked for); self-signed (not by the authority in ca.pem).
    """
    folder = Path(folder)
    authority, server, mark = folder / "ca.pem", folder / "server.pem", folder / "certificate-kind"
    if authority.exists() and server.exists() and mark.exists() and mark.read_text() == kind:
        return authority, server
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = signed(
        named("launchwatch live tests"), root_key, named("launchwatch live tests"), root_key,
        now - 2 * day, now + 30 * day,
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True),
    )
    hosts = [x509.DNSName("elsewhere.example")]
    if kind != "other-host":
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    self_signed = kind == "self-signed"
    leaf = signed(
        named("localhost"), key,
        named("localhost") if self_signed else root.subject, key if self_signed else root_key,
        now - 2 * day, now - day if kind == "expired" else now + 30 * day,
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(hosts), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server.touch(mode=0o600)
    server.write_bytes(pem(leaf) + private)
    authority.write_bytes(pem(root))
    mark.write_text(kind)
    return authority, server

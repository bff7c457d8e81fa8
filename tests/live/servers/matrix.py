"""A Matrix homeserver on loopback with a bot, a reader and the room #ops:localhost, for the live tests."""
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import urllib.error
import urllib.request
from urllib.parse import quote

PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ALIAS = "#ops:localhost"


def limits(tight):
    """Synapse's rate limits: out of the way, or so tight that the third message in a row is refused."""
    wide = {"per_second": 1000, "burst_count": 1000}
    return {
        "rc_message": {"per_second": 0.2, "burst_count": 2} if tight else wide,
        "rc_registration": wide,
        "rc_login": {"address": wide, "account": wide, "failed_attempts": wide},
        "rc_joins": {"local": wide, "remote": wide},
        "rc_invites": {"per_room": wide, "per_user": wide, "per_issuer": wide},
        "rc_room_creation": wide,
    }


def write_json(path, value):
    # JSON is YAML, which is what Synapse reads.
    path.write_text(json.dumps(value, indent=2))
    path.chmod(0o600)


def prepare(s, python):
    """Writes the configuration, the signing key included, and returns the command."""
    port = s.port("LIVE_MATRIX_PORT")
    secret = s.work / "registration-secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(16))
    log = {
        "version": 1,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"level": "INFO", "handlers": ["console"]},
    }
    write_json(s.work / "log.yaml", log)
    config = {
        "server_name": "localhost",
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [{
            "port": port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}],
        }],
        "database": {"name": "sqlite3", "args": {"database": str(s.work / "homeserver.db")}},
        "media_store_path": str(s.work / "media"),
        "pid_file": str(s.work / "homeserver.pid"),
        "signing_key_path": str(s.work / "signing.key"),
        "log_config": str(s.work / "log.yaml"),
        "registration_shared_secret": secret.read_text(),
        "report_stats": False,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "enable_registration": False,
        "url_preview_enabled": False,
        "presence": {"enabled": False},
        **limits(s.get("LIVE_MATRIX_LIMITS", "off") == "tight"),
    }
    file = s.work / "homeserver.yaml"
    write_json(file, config)
    if python.exists() and not (s.work / "signing.key").exists():
        # Only what this needs of its output is shown, and only when it fails.
        made = subprocess.run(
            [python, "-m", "synapse.app.homeserver", "-c", file, "--generate-keys"],
            cwd=s.work, capture_output=True, text=True, check=False,
        )
        if made.returncode != 0:
            raise SystemExit(f"synapse made no keys:\n{made.stderr}")
    return [python, "-m", "synapse.app.homeserver", "-c", file]


class Client:
    """A few calls of the client API as one user."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with PLAIN.open(request, timeout=10) as reply:
            return json.load(reply)

    def register(self, secret, user):
        nonce = self.call("GET", "/_synapse/admin/v1/register")["nonce"]
        password = secrets.token_hex(8)
        parts = [nonce, user, password, "notadmin"]
        mac = hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        return self.call("POST", "/_synapse/admin/v1/register", {
            "nonce": nonce, "username": user, "password": password, "admin": False, "mac": mac,
        })["access_token"]


def ready(s):
    """The room and its people, made at the first start; None while the server does not answer."""
    url = f"http://127.0.0.1:{s.env['LIVE_MATRIX_PORT']}"
    nobody = Client(url)
    try:
        nobody.call("GET", "/_matrix/client/versions")
    except OSError:
        return None
    file = s.work / "matrix.json"
    if not file.exists():
        secret = (s.work / "registration-secret").read_text()
        bot, reader = (nobody.register(secret, user) for user in ("launchwatch", "reader"))
        room = Client(url, bot).call("POST", "/_matrix/client/v3/createRoom", {
            "preset": "public_chat", "room_alias_name": "ops", "name": "Operations",
        })["room_id"]
        Client(url, reader).call("POST", f"/_matrix/client/v3/join/{quote(ALIAS)}", {})
        file.touch(mode=0o600)
        write_json(file, {"bot_token": bot, "bot": "@launchwatch:localhost", "reader_token": reader,
                          "room_id": room, "alias": ALIAS})
    return {"homeserver_url": url, **json.loads(file.read_text())}

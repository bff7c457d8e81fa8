"""A mail server that insists on TLS and a login, keeps mails as JSON lines, and refuses what the control file says.

The control file is read again at every command. A line is `STAGE [RECIPIENT] REPLY`, for example
  mail 421 4.3.2 try again later
  rcpt *@slow.example 451 4.7.1 greylisted
  data 552 5.3.4 too big
  data hang
Stages: ehlo, auth, mail, rcpt, data. A 421 also closes the connection. `hang` gives no answer.
"""
import asyncio
import datetime
import fnmatch
import hmac
import json
import os
import ssl
from pathlib import Path

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

import certs

WORK = Path(os.environ["LIVE_WORK"])
CONTROL = Path(os.environ["LIVE_SMTP_CONTROL"])
MAILS = Path(os.environ["LIVE_SMTP_MAILS"])
MODE = os.environ["LIVE_SMTP_TLS"]


async def ordered(stage, recipient=""):
    """The reply that the control file orders for this stage, or None."""
    try:
        lines = CONTROL.read_text().splitlines()
    except FileNotFoundError:
        return None
    for line in lines:
        words = line.split(maxsplit=1)
        if len(words) < 2 or words[0] != stage:
            continue
        reply = words[1]
        if stage == "rcpt" and not reply[:3].isdigit() and reply != "hang":
            pattern, _, reply = reply.partition(" ")
            if not fnmatch.fnmatchcase(recipient, pattern):
                continue
        if reply == "hang":
            await asyncio.sleep(3600)
        return reply
    return None


async def closing(server, reply):
    """Sends a 421 and hangs up, as a server that sheds load does; any other reply is left to the caller."""
    if reply and reply.startswith("421"):
        await server.push(reply)
        server.transport.close()
    return reply


class Handler:
    """Hooks of aiosmtpd: each first asks the control file."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        reply = await closing(server, await ordered("ehlo"))
        return [reply] if reply else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = await closing(server, await ordered("mail"))
        if reply:
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = await closing(server, await ordered("rcpt", address))
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = await closing(server, await ordered("data"))
        if reply:
            return reply
        mail = {
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or MODE == "implicit",
            "login": getattr(session, "auth_data", None) is not None,
            "data": envelope.content.decode("utf-8", "replace"),
        }
        with MAILS.open("a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 OK: kept"

    async def handle_AUTH(self, server, session, envelope, args):
        return await closing(server, await ordered("auth")) or MISSING


def log_in(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and hmac.compare_digest(
        data.login + b"\0" + data.password,
        f"{os.environ['LIVE_SMTP_USER']}\0{os.environ['LIVE_SMTP_PASSWORD']}".encode(),
    )
    # Not handled here means: answer 535, as every server does to a wrong password.
    return AuthResult(success=right, handled=False, auth_data=data.login if right else None)


async def main():
    authority, certificate = certs.make(WORK, os.environ.get("LIVE_SMTP_CERT", "good"))
    print("authority", authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if not MAILS.exists():
        MAILS.touch()
    options = {
        "auth_required": True,
        "authenticator": log_in,
        "auth_require_tls": MODE == "starttls",
        "hostname": "localhost",
        "enable_SMTPUTF8": True,
    }
    if MODE == "starttls":
        options.update(tls_context=context, require_starttls=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), loop=loop, **options),
        host="127.0.0.1",
        port=int(os.environ["LIVE_SMTP_PORT"]),
        ssl=context if MODE == "implicit" else None,
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

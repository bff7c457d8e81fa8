"""JupyterHub for the live tests: real user servers as local processes, all settings from the environment."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spawner import LiveSpawner  # noqa: E402

c = get_config()  # noqa: F821
work = os.environ["LIVE_WORK"]


def number(name, default):
    return int(os.environ.get(name, default))


# --- where it listens; the proxy is a process of its own
c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['LIVE_PROXY_PORT']}/"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['LIVE_HUB_PORT']}"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['LIVE_PROXY_API_PORT']}"
c.ConfigurableHTTPProxy.auth_token = os.environ["LIVE_PROXY_TOKEN"]
# As Zero to JupyterHub has it: servers outlive the Hub, routes are looked after.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.last_activity_interval = number("LIVE_ROUTE_CHECK", 60)

# --- what it keeps
c.JupyterHub.db_url = f"sqlite:///{work}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{work}/cookie_secret"
c.JupyterHub.pid_file = f"{work}/jupyterhub.pid"

# --- who may do what
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["LIVE_HUB_TOKEN"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = set(filter(None, os.environ.get("LIVE_ADMINS", "").split(",")))
c.JupyterHub.authenticate_prometheus = False
c.JupyterHub.services = [
    {"name": "launchwatch", "api_token": os.environ["LIVE_HUB_TOKEN"]},
    {"name": "watcher", "api_token": os.environ["LIVE_WATCH_TOKEN"]},
    {"name": "binder", "api_token": os.environ["LIVE_BINDER_TOKEN"]},
    # The pages of launchwatch, where people sign in with their account here.
    {
        "name": "pages",
        "api_token": os.environ["LIVE_PAGES_TOKEN"],
        "oauth_client_id": "service-pages",
        "oauth_redirect_uri": os.environ["LIVE_PAGES_URL"] + "sign-in/jupyterhub/callback",
        "oauth_no_confirm": True,
    },
]
launching = ["admin:users", "servers", "delete:users", "list:users", "read:servers", "access:servers"]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=pages"]},
    {
        "name": "launchwatch",
        "services": ["launchwatch"],
        "scopes": [*launching, "read:users:activity", "read:metrics", "read:hub", "proxy", "shutdown"],
    },
    # May look, may not launch: what a prober meets whose token has too few rights.
    {"name": "watcher", "services": ["watcher"], "scopes": ["list:users", "read:servers"]},
    {"name": "binder", "services": ["binder"], "scopes": launching},
]

# --- launches
c.JupyterHub.spawner_class = LiveSpawner
c.SimpleLocalProcessSpawner.home_dir_template = f"{work}/home/{{username}}"
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = number("LIVE_START_TIMEOUT", 20)
c.Spawner.http_timeout = number("LIVE_HTTP_TIMEOUT", 20)
c.Spawner.poll_interval = number("LIVE_POLL_INTERVAL", 5)
c.Spawner.consecutive_failure_limit = number("LIVE_FAILURE_LIMIT", 0)
c.JupyterHub.concurrent_spawn_limit = number("LIVE_SPAWN_LIMIT", 64)
c.JupyterHub.active_server_limit = number("LIVE_SERVER_LIMIT", 0)
# Users on one page of the list, and where the list is cut for who does not ask for pages.
c.JupyterHub.api_page_max_limit = number("LIVE_PAGE_LIMIT", 200)
# A start answers 202 at once, as in the chart.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}

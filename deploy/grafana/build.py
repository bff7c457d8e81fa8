#!/usr/bin/env python3
"""Makes the Grafana dashboards: `deploy/grafana/build.py` writes them beside itself, `--check` says whether they are current.

One line a panel: what it shows, in which unit, by which queries. A test holds every metric and every measurement named here
against those that the program knows, and asks a real Prometheus that has scraped a real run each of the queries.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GOOD, SLOW, BAD, DIM, PLAIN = "#0a7d8c", "#e0a100", "#c2330f", "#8a8a8a", "#22577a"
OF = 'target=~"$target",probe=~"$probe"'
LAUNCH = 'type=~"binder-launch|jupyterhub-launch",' + OF
STAGES = 'probe=~"$probe",target=~"$target"'


def query(expression, legend="", instant=False, table=False):
    return {
        "expr": expression, "legendFormat": legend, "instant": instant, "range": not instant,
        "format": "table" if table else "time_series",
    }


def panel(kind, title, says, unit, queries, *, width=12, height=8, steps=None, colours=None, low=None, high=None, stacked=False, maps=None):
    """One panel; `steps` are thresholds (colour from value on), `colours` by name of a series."""
    defaults = {"unit": unit, "color": {"mode": "thresholds" if steps and kind in ("stat", "gauge", "state-timeline") else "palette-classic"}}
    if steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"color": c, "value": v} for v, c in steps]}
    if low is not None:
        defaults["min"] = low
    if high is not None:
        defaults["max"] = high
    if maps:
        defaults["mappings"] = [{"type": "value", "options": {str(v): {"text": text, "color": colour} for v, text, colour in maps}}]
    if kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 2, "fillOpacity": 60 if stacked else 8, "showPoints": "never", "spanNulls": False,
            "stacking": {"mode": "normal" if stacked else "none"},
        }
    overrides = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
        for name, colour in (colours or {}).items()
    ]
    options = {
        "stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "graphMode": "area", "textMode": "auto"},
        "timeseries": {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "state-timeline": {"showValue": "never", "rowHeight": 0.8, "legend": {"displayMode": "list", "placement": "bottom"}},
        "heatmap": {"calculate": False, "color": {"scheme": "Oranges", "mode": "scheme"}, "yAxis": {"unit": unit}, "cellGap": 1},
        "table": {"showHeader": True},
        "bargauge": {"displayMode": "basic", "orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"]}},
    }[kind]
    return {
        "type": kind, "title": title, "description": says, "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": overrides}, "options": options,
        "targets": [{**q, "refId": chr(65 + i), "datasource": SOURCE} for i, q in enumerate(queries)],
        "_size": (width, height),
    }


def variable(name, label, metric, more=""):
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "multi": True, "includeAll": True, "allValue": ".*",
        "current": {"text": "All", "value": "$__all"}, "refresh": 2, "sort": 1,
        "query": {"query": f"label_values({metric}{more}, {name})", "refId": name}, "definition": f"label_values({metric}{more}, {name})",
    }


VARIABLES = {
    "target": variable("target", "Target", "launchwatch_runs_total"),
    "probe": variable("probe", "Probe", "launchwatch_runs_total", '{target=~"$target"}'),
    "channel": variable("channel", "Channel", "launchwatch_channel_owed"),
}


def dashboard(uid, title, says, variables, rows):
    """Rows of panels, laid out left to right, top to bottom; a row of one string is a heading."""
    panels, y = [], 0
    for row in rows:
        if isinstance(row, str):
            panels.append({"type": "row", "title": row, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
            y += 1
            continue
        x = 0
        for each in row:
            width, height = each.pop("_size")
            panels.append({**each, "gridPos": {"x": x, "y": y, "w": width, "h": height}})
            x += width
        y += max(p["gridPos"]["h"] for p in panels[-len(row):])
    for number, each in enumerate(panels, 1):
        each["id"] = number
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "refresh": 1}
    return {
        "uid": uid, "title": title, "description": says, "tags": ["launchwatch"], "schemaVersion": 39, "version": 1, "editable": True,
        "timezone": "browser", "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "graphTooltip": 1,
        "templating": {"list": [source] + [VARIABLES[name] for name in variables]},
        "annotations": {"list": [{
            "name": "Incidents", "enable": True, "datasource": SOURCE, "iconColor": BAD, "titleFormat": "{{target}}: incident",
            "expr": "launchwatch_incident_open == 1 unless launchwatch_incident_open offset 1m == 1", "step": "60s",
        }]},
        "links": [{"type": "dashboards", "tags": ["launchwatch"], "title": "launchwatch", "asDropdown": True, "includeVars": True, "keepTime": True}],
        "panels": panels,
    }


def share(of, window="$__rate_interval"):
    """Share of runs that worked, of those that tell anything."""
    good = f'sum by (target) (increase(launchwatch_runs_total{{verdict=~"passed|degraded",{of}}}[{window}]))'
    told = f'sum by (target) (increase(launchwatch_runs_total{{verdict!="unknown",{of}}}[{window}]))'
    return f"{good} / ({told} > 0)"


def measured(name, by="target"):
    return f'max by ({by}) (launchwatch_measurement{{name="{name}",{OF}}})'


def quantile(q, by="stage", stages=""):
    return f"histogram_quantile({q}, sum by (le, {by}) (rate(launchwatch_stage_duration_seconds_bucket{{{STAGES}{stages}}}[$__rate_interval])))"


def served(by, runs):
    """Launches of the last hour by who served them. A node's series begins with its first launch, which no increase shows: of
    what was not there an hour ago, all counts."""
    series = f'launchwatch_launches_total{{{by}!="",{runs},{OF}}}'
    return f"sum by ({by}) ((increase({series}[1h]) and {series} offset 1h) or {series})"


GOOD_RUNS, TOLD_RUNS = 'verdict=~"passed|degraded"', 'verdict!="unknown"'
FEW = [(None, GOOD), (1, SLOW), (20, BAD)]
SHARE_STEPS = [(None, BAD), (0.5, SLOW), (0.95, GOOD)]
OPEN = [(0, "works", GOOD), (1, "in trouble", BAD)]

OVERVIEW = dashboard(
    "launchwatch-overview", "launchwatch / Overview", "What works, for whom, since when.", ["target", "probe"],
    [
        [
            panel("stat", "Targets in trouble", "Targets with an open incident.", "none", [query('sum(launchwatch_incident_open{target=~"$target"}) or vector(0)')], width=6, height=5, steps=[(None, GOOD), (1, BAD)]),
            panel("stat", "Launches that worked, last hour", "Of all that tell anything: our own faults and refusals by policy count as unknown, neither way.", "percentunit",
                  [query(f'sum(increase(launchwatch_runs_total{{verdict=~"passed|degraded",{LAUNCH}}}[1h])) / (sum(increase(launchwatch_runs_total{{verdict!="unknown",{LAUNCH}}}[1h])) > 0)')], width=6, height=5, steps=SHARE_STEPS),
            panel("stat", "Age of the oldest result", "Since a probe last ended a run, the worst of all. Data this old is behind everything here.", "s",
                  [query(f"max(time() - launchwatch_last_run_timestamp_seconds{{{OF}}})")], width=6, height=5, steps=[(None, GOOD), (600, SLOW), (1800, BAD)]),
            panel("stat", "Notifications owed", "What people have not been told yet.", "none", [query("sum(launchwatch_outbox_owed)")], width=6, height=5, steps=[(None, GOOD), (1, SLOW), (20, BAD)]),
        ],
        [panel("state-timeline", "Incidents", "When a target was in trouble.", "none", [query('max by (target) (launchwatch_incident_open{target=~"$target"}) or 0 * max by (target) (launchwatch_runs_total{target=~"$target"})', "{{target}}")], width=24, height=8, maps=OPEN)],
        [
            panel("timeseries", "Share of runs that worked", "By target; unknown runs count neither way.", "percentunit", [query(share(OF, "15m"), "{{target}}")], low=0, high=1),
            panel("timeseries", "Runs by verdict", "A minute.", "none", [query(f"60 * sum by (verdict) (rate(launchwatch_runs_total{{{OF}}}[$__rate_interval]))", "{{verdict}}")], stacked=True,
                  colours={"passed": GOOD, "degraded": SLOW, "failed": BAD, "unknown": DIM}),
        ],
        [
            panel("table", "Probes", "Since a run last ended.", "s", [query(f"sort_desc(time() - max by (target, probe) (launchwatch_last_run_timestamp_seconds{{{OF}}}))", instant=True, table=True)]),
            panel("timeseries", "Why runs did not pass", "By reason, a minute; runs that are slow or tell nothing have reasons too.", "none", [query(f"60 * sum by (reason) (rate(launchwatch_run_reasons_total{{{OF}}}[$__rate_interval]))", "{{reason}}")], stacked=True),
        ],
    ],
)

LAUNCHES = dashboard(
    "launchwatch-launches", "launchwatch / Launches", "Whether people can launch, how long it takes, and where it fails.", ["target", "probe"],
    [
        [
            panel("timeseries", "Launches that worked", "Share over 15 minutes.", "percentunit", [query(share(LAUNCH, "15m"), "{{target}}")], low=0, high=1),
            panel("timeseries", "Launches in flight", "Under way, or followed after they were cut off.", "none", [query('sum by (target) (launchwatch_launches_in_flight{target=~"$target"})', "{{target}}")]),
        ],
        [
            panel("timeseries", "Median of each stage", "Of stages that came to their end.", "s", [query(quantile(0.5), "{{stage}}")]),
            panel("timeseries", "99th percentile of each stage", "Of stages that came to their end.", "s", [query(quantile(0.99), "{{stage}}")]),
        ],
        [
            panel("heatmap", "Stage `launch`", "From the last build line until the server is ready.", "s",
                  [{**query(f'sum by (le) (increase(launchwatch_stage_duration_seconds_bucket{{stage="launch",{STAGES}}}[$__rate_interval]))', "{{le}}"), "format": "heatmap"}]),
            panel("timeseries", "From click to first result", "Until a kernel has run code: what a person waits.", "s", [query(measured("time_to_result_seconds", "target, probe"), "{{target}} {{probe}}")]),
        ],
        [
            panel("timeseries", "Where runs end that do not pass", "By stage, a minute; without those that never began.", "none", [query(f"60 * sum by (stage) (rate(launchwatch_run_reasons_total{{stage!=\"\",{OF}}}[$__rate_interval]))", "{{stage}}")], stacked=True),
            panel("timeseries", "Why they do not", "By reason, a minute; runs that are slow or tell nothing have reasons too.", "none", [query(f"60 * sum by (reason) (rate(launchwatch_run_reasons_total{{{OF}}}[$__rate_interval]))", "{{reason}}")], stacked=True),
        ],
        [panel("bargauge", "Failed launches by target, last day", "Members of a federation are targets of their own.", "none", [query(f'sum by (target) (increase(launchwatch_runs_total{{verdict="failed",{LAUNCH}}}[1d]))', "{{target}}")], width=24, steps=FEW)],
        "By member and node",
        [
            panel("timeseries", "Launches that worked, by member", "Share over an hour, of launches that the federation's address sent to this member.", "percentunit",
                  [query(f'{served("member", GOOD_RUNS)} / ({served("member", TOLD_RUNS)} > 0)', "{{member}}")], low=0, high=1),
            panel("timeseries", "Members", "Of the probe `federation`: what there should be, what serves, what is well.", "none",
                  [query(measured(name), f"{{{{target}}}} {word}") for name, word in (("members", "all"), ("members_active", "get launches"), ("members_healthy", "well"), ("members_missing", "well and get none"))]),
        ],
        [
            panel("bargauge", "Failed launches by member, last hour", "Of launches that were sent on.", "none", [query(served("member", 'verdict="failed"'), "{{member}}")], steps=FEW),
            panel("bargauge", "Failed launches by node, last hour", "Of launches whose pod was placed; one bad node stands out.", "none", [query(served("node", 'verdict="failed"'), "{{node}}")], steps=FEW),
        ],
    ],
)

CLUSTER = dashboard(
    "launchwatch-cluster", "launchwatch / Cluster", "What the Hub believes against what the cluster runs, and what room is left. Needs the probes kubernetes and hub-drift.", ["target", "probe"],
    [
        "What the Hub believes, against what runs",
        [
            panel("timeseries", "Drift", "Orphans: pods that the Hub does not know. Ghosts: servers without a pod. Stuck: starts that do not end. Unreachable: pods that answer nobody.", "none",
                  [query(measured(name), f"{{{{target}}}} {name.removeprefix('drift_')}") for name in ("drift_orphans", "drift_ghosts", "drift_stuck", "drift_unreachable")], width=16),
            panel("timeseries", "Share of pods that are orphans", "Above a third for minutes, the Hub does not see its pods.", "percentunit", [query(measured("drift_orphans_ratio"), "{{target}}")], width=8, low=0, high=1),
        ],
        [
            panel("timeseries", "User pods", "In the cluster, against servers that the Hub counts.", "none", [query(measured("user_pods"), "{{target}} pods"), query(measured("servers_active"), "{{target}} servers")]),
            panel("timeseries", "Build pods", "Pending ones for long mean a backlog.", "none", [query(measured("build_pods_running"), "{{target}} running"), query(measured("build_pods_pending"), "{{target}} pending")]),
        ],
        "Room",
        [
            panel("timeseries", "Nodes", "", "none", [query(measured(name), f"{{{{target}}}} {word}") for name, word in (("nodes", "all"), ("nodes_schedulable", "schedulable"), ("nodes_cordoned", "cordoned"), ("nodes_at_limit", "at the limit"))], width=8),
            panel("timeseries", "Placeholders", "Pending placeholders: the next users wait for a node.", "none", [query(measured("placeholders_running"), "{{target}} running"), query(measured("placeholders_pending"), "{{target}} pending")], width=8),
            panel("timeseries", "Quota of pods that is used", "At 100 % nothing more is started.", "percentunit", [query(measured("quota_pods_used_ratio"), "{{target}}")], width=8, low=0, high=1),
        ],
        "Components and nodes in trouble",
        [
            panel("timeseries", "Components that crash again and again", "", "none", [query(measured("components_crashlooping"), "{{target}}")], width=8),
            panel("timeseries", "Ready pods of components", "", "none", [query(measured(f"component_{c}_ready"), f"{{{{target}}}} {c}") for c in ("hub", "proxy", "binder")], width=8),
            panel("timeseries", "Nodes under pressure", "", "none", [query(measured(name), f"{{{{target}}}} {word}") for name, word in (("nodes_disk_pressure", "disk"), ("nodes_memory_pressure", "memory"), ("nodes_not_ready_long", "not ready"))], width=8),
        ],
    ],
)

ALERTING = dashboard(
    "launchwatch-alerting", "launchwatch / Alerting and deliveries", "Whether people are told.", ["target", "channel"],
    [
        [
            panel("stat", "Owed", "Notifications that somebody has not been told.", "none", [query("sum(launchwatch_outbox_owed)")], width=6, height=5, steps=[(None, GOOD), (1, SLOW), (20, BAD)]),
            panel("stat", "Oldest of them", "", "s", [query("max(launchwatch_outbox_oldest_age_seconds)")], width=6, height=5, steps=[(None, GOOD), (60, SLOW), (300, BAD)]),
            panel("stat", "Channels that refuse", "Their fallback tells meanwhile.", "none", [query("sum(launchwatch_channel_broken)")], width=6, height=5, steps=[(None, GOOD), (1, BAD)]),
            panel("stat", "Targets in trouble", "", "none", [query('sum(launchwatch_incident_open{target=~"$target"}) or vector(0)')], width=6, height=5, steps=[(None, GOOD), (1, BAD)]),
        ],
        [
            panel("timeseries", "Attempts by what came of them", "A minute.", "none", [query('60 * sum by (channel, result) (rate(launchwatch_delivery_attempts_total{channel=~"$channel"}[$__rate_interval]))', "{{channel}} {{result}}")], stacked=True),
            panel("timeseries", "Owed by channel", "", "none", [query('sum by (channel) (launchwatch_channel_owed{channel=~"$channel"})', "{{channel}}")]),
        ],
        [
            panel("timeseries", "How long the oldest waits", "", "s", [query('max by (channel) (launchwatch_channel_oldest_age_seconds{channel=~"$channel"})', "{{channel}}")]),
            panel("state-timeline", "Channels", "", "none", [query('max by (channel) (launchwatch_channel_broken{channel=~"$channel"})', "{{channel}}")], maps=[(0, "works", GOOD), (1, "refuses", BAD)]),
        ],
        [panel("timeseries", "Calls of the dead man's switch", "A minute. Withheld: we do not live, so that somebody outside raises the alarm. Needs `service.dead_man`.", "none", [query("60 * sum by (result) (rate(launchwatch_dead_man_calls_total[$__rate_interval]))", "{{result}}")], width=24, height=6)],
    ],
)

OURSELVES = dashboard(
    "launchwatch-ourselves", "launchwatch / launchwatch itself", "Whether the watcher is well.", ["target", "probe"],
    [
        [
            panel("stat", "Since results were last written", "Nothing newer than this is known.", "s", [query("time() - max(launchwatch_last_commit_timestamp_seconds)")], width=6, height=5, steps=[(None, GOOD), (60, SLOW), (300, BAD)]),
            panel("stat", "Version", "", "none", [query("launchwatch_build_info", "{{version}}")], width=6, height=5, steps=[(None, PLAIN)]),
            panel("stat", "Results dropped, last day", "The inbox was full: the store is too slow.", "none", [query("sum(increase(launchwatch_observations_dropped_total[1d]))")], width=6, height=5, steps=[(None, GOOD), (1, BAD)]),
            panel("stat", "Servers still to be shut down", "Debts of launches; more than a few for long is wrong.", "none", [query('sum(launchwatch_debts{state!="abandoned"})')], width=6, height=5, steps=[(None, GOOD), (10, SLOW), (30, BAD)]),
        ],
        [
            panel("timeseries", "From slot to start", "99 % of runs start this soon.", "s", [query("histogram_quantile(0.99, sum by (le) (rate(launchwatch_schedule_lag_seconds_bucket[$__rate_interval])))", "p99"), query("histogram_quantile(0.5, sum by (le) (rate(launchwatch_schedule_lag_seconds_bucket[$__rate_interval])))", "p50")]),
            panel("timeseries", "Time to write a batch", "99 % of batches.", "s", [query("histogram_quantile(0.99, sum by (le) (rate(launchwatch_commit_duration_seconds_bucket[$__rate_interval])))", "p99")]),
        ],
        [
            panel("timeseries", "Slots missed", "A minute, by target.", "none", [query(f"60 * sum by (target) (rate(launchwatch_slots_missed_total{{{OF}}}[$__rate_interval]))", "{{target}}")]),
            panel("timeseries", "Faults", "A minute.", "none", [query("60 * rate(launchwatch_store_errors_total[$__rate_interval])", "writes that failed"), query("60 * rate(launchwatch_pauses_total[$__rate_interval])", "pauses of the process"), query("60 * rate(launchwatch_clock_sets_total[$__rate_interval])", "clock set")]),
        ],
        [
            panel("timeseries", "Debts", "By state.", "none", [query("sum by (state) (launchwatch_debts)", "{{state}}")]),
            panel("timeseries", "Runs", "A second.", "none", [query("sum(rate(launchwatch_runs_total[$__rate_interval]))", "runs")]),
        ],
        "Replicas",
        [
            panel("state-timeline", "Who leads", "One at a time runs probes and tells people; the others serve pages.", "none", [query("max by (instance) (launchwatch_leader)", "{{instance}}")], width=12, maps=[(0, "follows", DIM), (1, "leads", GOOD)]),
            panel("stat", "Changes of the lead, last day", "Upgrades and lost nodes make some.", "none", [query("max(increase(launchwatch_leader_changes_total[1d]))")], width=6, steps=[(None, GOOD), (10, SLOW)]),
            panel("stat", "Since the lead was last confirmed", "By the database; only replicas have a lease.", "s", [query("time() - max(launchwatch_lease_renewed_timestamp_seconds > 0)")], width=6, steps=[(None, GOOD), (15, SLOW), (60, BAD)]),
        ],
        "Looking from elsewhere: agents and cron jobs",
        [
            panel("timeseries", "Since they were last heard of", "A place that stays silent is unknown, not down. Needs `agents`.", "s", [query("time() - max by (location) (launchwatch_agent_last_word_timestamp_seconds)", "{{location}}")], width=8),
            panel("timeseries", "Results they could not send yet", "And those given up for want of room, since they began.", "none", [query('max by (location) (launchwatch_agent_waiting{location!=""})', "{{location}} waiting"), query("max by (location) (launchwatch_agent_lost_total)", "{{location}} lost")], width=8),
            panel("timeseries", "How far their clocks are ahead", "Of ours; above some seconds, times in incidents are not to be relied on.", "s", [query('max by (location) (launchwatch_agent_clock_ahead_seconds{location!=""})', "{{location}}")], width=8),
        ],
        [
            panel("timeseries", "Results told from elsewhere", "A minute: taken, known already (a repeat is harmless), refused.", "none", [query("60 * sum by (location, what) (rate(launchwatch_ingested_total[$__rate_interval]))", "{{location}} {{what}}")], width=24, height=6),
        ],
        "Exports",
        [
            panel("timeseries", "Samples handed over", "A minute. Needs `exports`.", "none", [query("60 * sum by (export) (rate(launchwatch_export_samples_total[$__rate_interval]))", "{{export}}")], width=8),
            panel("timeseries", "How far exports are behind", "What they could have sent and have not.", "s", [query("max by (export) (launchwatch_export_behind_seconds)", "{{export}}")], width=8),
            panel("timeseries", "Requests of exports that came to nothing", "A minute; and samples that the receiver did not want.", "none", [query("60 * sum by (export) (rate(launchwatch_export_errors_total[$__rate_interval]))", "{{export}} requests"), query("60 * sum by (export) (rate(launchwatch_export_refused_samples_total[$__rate_interval]))", "{{export}} samples")], width=8),
        ],
    ],
)

ALL = {"overview": OVERVIEW, "launches": LAUNCHES, "cluster": CLUSTER, "alerting": ALERTING, "ourselves": OURSELVES}


def main():
    stale = []
    for name, made in ALL.items():
        text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
        file = HERE / f"{name}.json"
        if "--check" in sys.argv[1:]:
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                stale.append(file.name)
        else:
            file.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"not as build.py makes them: {', '.join(stale)}; run deploy/grafana/build.py")


if __name__ == "__main__":
    main()

//! The built-in rules as the manual shows them.

/// The rules as the manual shows them.
pub(in crate::config) const MANUAL: &str = "\
Without rules in the file these hold, each as far as there are probes for it. Several of them may raise one alert:

| alert | about | holds when | |
|---|---|---|---|
| `endpoint-down` | types that ask for an answer | 3 failures in a row, over at least 60s; a BinderHub that answers but has trouble is not down | page |
| `hub-unhealthy` | `jupyterhub-servers`; `binderhub-health` that reports trouble | the same | page |
| `launch-success-zero` | launches that need not build | the same | page |
| `build-success-zero` | those with `mode: fresh` | 2 failures in a row | page |
| `launch-success-degraded` | all launches | 3 of the last 10 failed, over at least 5m (over at 1, for 5m) | ticket |
| | | 6 of the last 10 failed (`launch-mostly-failing`; over at 2, or with 5 good ones in a row) | page |
| `launch-latency-high` | launches that need not build | 3 of the last 5 took longer than 60s, were retried, waited for a node or ran out of time (over when 3 in a row are quick) | ticket |
| `mostly-failing` | types that launch nothing | 6 of the last 10 runs failed (over at 2, or with 5 good ones in a row) | page |
| `often-failing` | the same | 3 of the last 10 runs failed, over at least 15m (over at 1, for 5m) | ticket |
| `quota-blocked` | a cluster; launches | a quota is used up, or refuses pods or two launches in a row | page |
| `component-crashloop` | a cluster | a part of the service crashes again and again | page |
| `component-unavailable` | a cluster | a part of the service has had no ready pod for a minute | page |
| `cluster-capacity` | a cluster | more than 2 pods, or all placeholders, have waited for a node for 2m | ticket |
| `node-unhealthy` | a cluster | a node is not ready, short of disk or memory, read-only or without address | ticket |
| `hub-cluster-drift` | `hub-drift` | Hub and cluster do not agree on who has a server | ticket |
| `runaway-pods` | `hub-drift` | pods that the Hub does not know will soon be half of all | ticket |
| `culler-stalled` | a cluster | more than 5 servers have been too old for 15m | ticket |
| `build-backlog` | a cluster, BinderHub's figures | more than 10 builds have waited for 10m, or more than 100 have gone on for 5m | ticket |
| `repo-surge` | a cluster | one repository has half of all servers, and 50 or more | ticket |
| `log-stream-broken` | `kubernetes-logs` | logs cannot be read for 3m | ticket |
| `federation-drift` | `federation` | a member that is well is left out | ticket |
| `job-failed` | `heartbeat` | a job is late, says that it failed, or never says how it ended | page |
| `alert-firing` | `alertmanager` | an alert fires that matches, or the watchdog is silent | page |
| `tls-expiry` | types that look at certificates | one ends within 14 days | ticket |
| | | one ends within 2 days (`tls-expires`) | page |
| `observability-gap` | everything that is run | nothing is known for 3 intervals | ticket |

Two rules always hold and cannot be written or left out: `ourselves` pages at once when launchwatch itself cannot look,
keep or tell, and `ourselves-later` makes tickets of what can wait, such as a token that has expired. In `routes` their
target is `launchwatch`.
";

//! Plan: what the hub will say about one start of a server, line by line, with the waits between.

use super::dice::Dice;
use super::fault::Fault;
use super::settings::Settings;

/// One start, written down before it happens.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) ending: Ending,
}

/// A line after a wait in seconds. `event` lines carry Kubernetes' time stamp and kind.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) wait: f64,
    pub(crate) percent: u64,
    pub(crate) event: Option<&'static str>,
    pub(crate) message: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    #[default]
    Ready,
    Failed(String),
}

/// Who is started where.
pub(crate) struct Start<'a> {
    pub(crate) user: &'a str,
    pub(crate) image: &'a str,
    /// From 1; counts the attempts of one launch.
    pub(crate) attempt: u32,
}

const NAMESPACE: &str = "binder";

/// Writes the plan for one start under `fault`.
pub(crate) fn plan(start: &Start<'_>, fault: Fault, settings: &Settings, dice: &mut Dice) -> Plan {
    let seconds = dice.around(settings.launch_seconds);
    let pod = format!("jupyter-{}", start.user);
    match fault {
        Fault::SpawnerRaises => raises(),
        Fault::LaunchRetriesOnce if start.attempt == 1 => raises(),
        Fault::PodQuota => over_quota(&pod),
        Fault::Unschedulable => unschedulable(&pod, settings.start_timeout_seconds),
        Fault::NodeComing => node_coming(start, &pod, seconds, dice),
        Fault::NeverReady => never_ready(start, &pod, settings.http_timeout_seconds, dice),
        Fault::SlowLaunch => slow(start, &pod, seconds * settings.slow_factor, dice),
        _ => good(start, &pod, seconds, dice),
    }
}

fn step(wait: f64, percent: u64, event: Option<&'static str>, message: impl Into<String>) -> Step {
    Step { wait, percent, event, message: message.into() }
}

fn assigned(pod: &str, dice: &mut Dice) -> Step {
    let node = dice.below(4) + 1;
    let text = format!("Successfully assigned {NAMESPACE}/{pod} to node-{node}");
    step(0.0, 10, Some("Normal"), text)
}

fn containers(steps: &mut Vec<Step>, start: &Start<'_>) {
    let image = format!("Container image \"{}\" already present on machine", start.image);
    steps.push(step(0.0, 40, Some("Normal"), image));
    steps.push(step(0.0, 60, Some("Normal"), "Created container notebook"));
    steps.push(step(0.0, 75, Some("Normal"), "Started container notebook"));
}

fn good(start: &Start<'_>, pod: &str, seconds: f64, dice: &mut Dice) -> Plan {
    let mut steps = vec![step(0.0, 0, None, "Server requested"), assigned(pod, dice)];
    containers(&mut steps, start);
    spread(&mut steps, seconds * 0.5);
    // The server comes up silently: the last line before `ready` is always the container's.
    steps.push(step(seconds * 0.5, 90, None, ""));
    Plan { steps, ending: Ending::Ready }
}

fn slow(start: &Start<'_>, pod: &str, seconds: f64, dice: &mut Dice) -> Plan {
    const PULLS: u64 = 20;
    let mut steps = vec![step(0.0, 0, None, "Server requested"), assigned(pod, dice)];
    for part in 1..=PULLS {
        steps.push(step(0.0, 10 + part, Some("Normal"), format!("Pulling image layers ({part}/{PULLS})")));
    }
    containers(&mut steps, start);
    spread(&mut steps, seconds * 0.9);
    steps.push(step(seconds * 0.1, 90, None, ""));
    Plan { steps, ending: Ending::Ready }
}

/// Divides `seconds` evenly over the steps after the first.
fn spread(steps: &mut [Step], seconds: f64) {
    let gaps = u32::try_from(steps.len().saturating_sub(1)).unwrap_or(1).max(1);
    for step in steps.iter_mut().skip(1) {
        step.wait = seconds / f64::from(gaps);
    }
}

fn raises() -> Plan {
    let steps = vec![step(0.3, 0, None, "")];
    Plan {
        steps,
        ending: Ending::Failed("Spawn failed: the spawner gave up: no node pool answers".to_owned()),
    }
}

fn over_quota(pod: &str) -> Plan {
    let body = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"{pod}\" is forbidden: exceeded quota: user-pods, requested: pods=1, used: pods=200, limited: pods=200","reason":"Forbidden","code":403}}"#
    );
    let text = format!("Spawn failed: (403)\nReason: Forbidden\nHTTP response body: {body}\n");
    Plan { steps: vec![step(0.3, 0, None, "Server requested")], ending: Ending::Failed(text) }
}

fn unschedulable(pod: &str, patience: f64) -> Plan {
    const WHY: &str = "FailedScheduling: 0/4 nodes are available: 4 Insufficient memory. preemption: 0/4 nodes are \
                       available: 4 No preemption victims found for incoming pod.";
    let mut steps = vec![step(0.0, 0, None, "Server requested")];
    let mut spent = 2.0;
    steps.push(step(spent, 10, Some("Warning"), WHY));
    while spent + 75.0 < patience {
        steps.push(step(75.0, 20, Some("Warning"), WHY));
        spent += 75.0;
    }
    steps.push(step(patience - spent, 20, None, ""));
    let text = format!("Spawn failed: pod {NAMESPACE}/{pod} did not start in {patience:.0} seconds!");
    Plan { steps, ending: Ending::Failed(text) }
}

fn node_coming(start: &Start<'_>, pod: &str, seconds: f64, dice: &mut Dice) -> Plan {
    const MACHINE: f64 = 160.0;
    let full = "0/4 nodes are available: 4 Insufficient memory.";
    let grows = "pod triggered scale-up: [{user-pool 4->5 (max: 10)}]";
    let mut plan = good(start, pod, seconds, dice);
    plan.steps.insert(1, step(2.0, 5, Some("Warning"), full));
    plan.steps.insert(2, step(18.0, 5, Some("Normal"), grows));
    plan.steps.insert(3, step(MACHINE, 5, None, ""));
    plan
}

fn never_ready(start: &Start<'_>, pod: &str, patience: f64, dice: &mut Dice) -> Plan {
    let mut steps = vec![step(0.0, 0, None, "Server requested"), assigned(pod, dice)];
    containers(&mut steps, start);
    steps.push(step(patience, 75, None, ""));
    let address =
        format!("http://10.20.{}.{}:8888/user/{}/api", dice.below(250), dice.below(250), start.user);
    let text = format!("Spawn failed: Server at {address} didn't respond in {patience:.0} seconds");
    Plan { steps, ending: Ending::Failed(text) }
}

//! Thirty days of little troubles: nobody is woken.

use super::*;

const DAY: i64 = 86_400;
/// A first failure, and a first success after failures, is confirmed so soon.
const CONFIRM: i64 = 15;

/// Chance that is the same in every run.
struct Dice(u64);

impl Dice {
    fn one_in(&mut self, n: u64) -> bool {
        // Xorshift, by Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11).is_multiple_of(n)
    }
}

/// Rules as they are without any: three failures in a row page, several of the last ten are a ticket or a page.
fn rules() -> Vec<Rule> {
    let in_a_row = When::Failures { failures: 3, successes: 2 };
    let of_ten = |failures| When::FailuresOf { failures, of: 10, recover: 1 };
    let mut rules = vec![Rule { hold: Duration::from_secs(60), ..Rule::new("down", in_a_row) }];
    // Until conditions over several runs are judged as they say, they would page at two failures in a row.
    if crate::judge::of(&of_ten(3), Duration::from_secs(30)).looks_back().runs >= 10 {
        rules.push(Rule { severity: Severity::Ticket, ..Rule::new("some fail", of_ten(3)) });
        rules.push(Rule::new("most fail", of_ten(6)));
    }
    rules
}

/// Lets probes run on their grid with confirmations, in a world in which `fails` says whether a look fails.
fn live(world: &mut World, probes: &[(&str, i64)], until: i64, mut fails: impl FnMut(&str, i64) -> bool) {
    // When each looks next, and whether its last look failed.
    let mut next: Vec<(i64, bool)> =
        probes.iter().enumerate().map(|(i, _)| (i64::try_from(i).unwrap(), false)).collect();
    loop {
        let (i, (second, bad)) =
            next.iter().copied().enumerate().min_by_key(|(i, (at, _))| (*at, *i)).unwrap();
        if second >= until {
            return;
        }
        let (path, every) = probes[i];
        let failed = fails(path, second);
        world.until(second).look(path, if failed { 'x' } else { '.' });
        let phase = i64::try_from(i).unwrap();
        let grid = (second - phase).div_euclid(every) * every + every + phase;
        let confirmed = second + CONFIRM;
        next[i] = (if failed != bad && confirmed < grid { confirmed } else { grid }, failed);
        world.past.clear();
    }
}

/// Incidents that woke somebody, at their opening or later.
fn pages(world: &World) -> BTreeSet<String> {
    let page = world.changes.iter().filter_map(|c| if let Change::Notify(n) = c { Some(n) } else { None });
    page.filter(|n| n.severity == Severity::Page).map(|n| n.incident.to_string()).collect()
}

#[test]
fn thirty_days_of_single_failures_blips_and_planned_work_wake_nobody() {
    let probes = [("hub/site", 30), ("hub/launch", 120)];
    let mut plan = plan(rules(), &["hub/site", "hub/launch"]);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let begins = zone.to_datetime(at(3 * DAY));
    let when = Window::Weekly {
        days: vec![begins.weekday()],
        at: begins.time(),
        lasts: Duration::from_secs(20 * 60),
        time_zone: zone,
    };
    plan.policy.maintenance = vec![Maintenance { name: "upgrade".into(), of: Selector::target("hub"), when }];
    for seed in [1_530_988_200, 7, 77] {
        let mut world = World::new(plan.clone());
        let mut dice = Dice(seed);
        live(&mut world, &probes, 30 * DAY, |_, second| {
            let blip = (second + 40_000) % DAY < 40;
            let planned = (second - 3 * DAY).rem_euclid(7 * DAY) < 20 * 60;
            // Drawn at every look, so that chance does not depend on the plan.
            let single = dice.one_in(50);
            single || blip || planned
        });
        assert_eq!(pages(&world), BTreeSet::new(), "with {seed}");
        assert!(world.engine.memory().incidents.is_empty() && world.engine.memory().alerts.len() < 3);
        // It is not deaf: an hour without service is told, once.
        live(&mut world, &probes, 30 * DAY + 3_600, |_, second| second >= 30 * DAY);
        assert_eq!(pages(&world).len(), 1, "with {seed}");
    }
}

#[test]
fn a_day_on_which_every_third_run_fails_is_one_incident_at_most() {
    let mut world = World::new(plan(rules(), &["hub/launch"]));
    let mut runs = 0;
    live(&mut world, &[("hub/launch", 60)], DAY, |_, _| {
        runs += 1;
        runs % 3 == 0
    });
    live(&mut world, &[("hub/launch", 60)], DAY + 7_200, |_, _| false);
    let kinds = |kind| world.told().iter().filter(|n| n.kind == kind).count();
    let opened = kinds(NotificationKind::Opened);
    assert_eq!(
        (opened, kinds(NotificationKind::Resolved)),
        (rules().len().min(2) - 1, opened),
        "{:?}",
        world.story()
    );
}

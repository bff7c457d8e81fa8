//! What ten thousand firing alerts cost: a timing for a release build, by hand.

use tokio::time::Instant;

use super::*;
use crate::Policy;

fn took(what: &str, times: u32, mut work: impl FnMut()) -> Duration {
    let began = Instant::now();
    (0..times).for_each(|_| work());
    let each = began.elapsed() / times;
    println!("{what}: {each:?}");
    each
}

/// Five maintenances a week, none of which goes on.
fn planned() -> Policy {
    let when = Window::Weekly {
        days: Vec::new(),
        at: jiff::civil::time(3, 0, 0, 0),
        lasts: Duration::from_secs(1_200),
        time_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
    };
    let one = Maintenance { name: "upgrade".into(), of: Selector::default(), when };
    Policy { maintenance: vec![one; 5], ..Policy::default() }
}

#[test]
#[ignore = "a timing: cargo test --release -p launchwatch-alerts cost -- --ignored --nocapture"]
fn ten_thousand_firing_alerts_cost_less_than_a_millisecond_a_tick() {
    let paths: Vec<String> = (0..10_000).map(|n| format!("t{n:05}/launch")).collect();
    let mut plan = plan(vec![quick("r")], &paths.iter().map(String::as_str).collect::<Vec<_>>());
    // Half of them depend on one that works, a thousand on one that does not.
    let mut pairs: Vec<_> = paths[..5_000].iter().map(|p| (p.split('/').next().unwrap(), "t09999")).collect();
    pairs.extend(paths[5_000..6_000].iter().map(|p| (p.split('/').next().unwrap(), "t09998")));
    depends(&mut plan, &pairs);
    let mut engine = Engine::new(plan.clone(), Memory::default());
    took("start", 1, || drop(engine.start(at(0))));
    let all = took("ten thousand begin to fire", 1, || {
        for path in paths.iter().rev().skip(1) {
            engine.see(&look(path, 'x', 1), at(1));
        }
    });
    took("flush", 1, || drop(engine.flush()));
    took("the storm is told", 1, || drop(engine.tick(at(13))));
    let next = took("next_tick", 1_000, || {
        std::hint::black_box(engine.next_tick());
    });
    let tick = took("tick", 1_000, || drop(engine.tick(at(14))));
    took("one more failure of each", 1, || {
        for path in paths.iter().rev().skip(1) {
            engine.see(&look(path, 'x', 20), at(20));
        }
    });
    took("flush", 1, || drop(engine.flush()));
    let memory = engine.memory();
    took("restart", 1, || {
        let mut again = Engine::new(plan.clone(), memory.clone());
        drop(again.start(at(21)));
    });
    let well = took("ten thousand recover", 1, || {
        for path in paths.iter().rev() {
            engine.see(&look(path, '.', 30), at(30));
        }
    });
    took("flush", 1, || drop(engine.flush()));
    let planned = planned();
    took("a look with five maintenances", 10_000, || {
        std::hint::black_box(planned.maintained(&id("hub/launch"), at(40)));
    });
    assert!(next < Duration::from_millis(1) && tick < Duration::from_millis(1));
    assert!(all < Duration::from_secs(2) && well < Duration::from_secs(2));
}

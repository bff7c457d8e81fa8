//! Three replicas on one real PostgreSQL: the leader is killed, stopped and cut off in the middle of an incident, round
//! after round; the incident keeps its id, nobody is told twice but for one message a blow, nobody is forgotten.

mod cable;
mod stage;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use self::stage::{House, Told};
use crate::kit::wait::{so, until};

/// Rounds without `LAUNCHWATCH_ROUNDS`: each blow twice.
const ROUNDS: u32 = 6;

/// What is done to the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    Kill,
    Stop,
    Cut,
    Freeze,
}

const BLOWS: [Blow; 4] = [Blow::Kill, Blow::Stop, Blow::Cut, Blow::Freeze];

/// What came of the rounds of one blow.
#[derive(Debug, Default)]
struct Row {
    rounds: u32,
    lost: usize,
    /// Incidents that got another id, or were told under two.
    renamed: usize,
    with_keys: usize,
    without_keys: usize,
    most_without_keys: usize,
    takeovers: Vec<f64>,
    /// Old leaders that came back and said that they follow.
    deposed: u32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_befalls_the_leader_in_mid_incident_the_next_goes_on_and_tells_once() {
    let rounds = std::env::var("LAUNCHWATCH_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(ROUNDS);
    let Some(mut house) = House::start(3, rounds).await else { return };
    let mut dice = fastrand::Rng::with_seed(fastrand::u64(..));
    let mut table: BTreeMap<Blow, Row> = BTreeMap::new();
    for round in 0..rounds {
        let blow = BLOWS[round as usize % BLOWS.len()];
        let row = table.entry(blow).or_default();
        row.rounds += 1;
        one_round(&mut house, (round, blow), &mut dice, row).await;
        eprintln!("round {round} {blow:?}: {row:?}");
    }
    eprintln!(
        "blow    rounds  ids changed  lost  repeated with keys  without keys (most a round)  takeover median/most s  came back and follows"
    );
    for (blow, row) in &mut table {
        row.takeovers.sort_by(f64::total_cmp);
        let (median, most) = (row.takeovers[row.takeovers.len() / 2], row.takeovers[row.takeovers.len() - 1]);
        eprintln!(
            "{:<7} {:>6}  {:>11}  {:>4}  {:>18}  {:>12} ({:>13})  {median:>15.1} / {most:.1}  {:>21}",
            format!("{blow:?}"),
            row.rounds,
            row.renamed,
            row.lost,
            row.with_keys,
            row.without_keys,
            row.most_without_keys,
            row.deposed
        );
    }
    for (blow, row) in &table {
        assert_eq!((row.lost, row.renamed, row.with_keys), (0, 0, 0), "{blow:?}");
        assert!(row.most_without_keys <= 1, "{blow:?}: more than one message twice after one blow");
        if *blow != Blow::Kill {
            assert_eq!(row.deposed, row.rounds, "{blow:?}: an old leader did not notice");
        }
    }
}

async fn one_round(house: &mut House, (round, blow): (u32, Blow), dice: &mut fastrand::Rng, row: &mut Row) {
    let leader = house.leader(60).await;
    let before = house.told();
    let known = house.incidents().await;
    house.target.break_it(round);
    // Before the incident opens, while it is told of, and after.
    let mercy = Duration::from_millis(dice.u64(300..3_000));
    tokio::time::sleep(mercy).await;
    let opened: Vec<_> = house.incidents().await.into_iter().filter(|id| !known.contains(id)).collect();
    let struck = Instant::now();
    match blow {
        Blow::Kill => house.kill(leader),
        Blow::Stop => house.signal(leader, "STOP"),
        Blow::Cut => house.cable(leader).cut(),
        Blow::Freeze => house.cable(leader).freeze(),
    }
    let next = until("another replica to lead", 60, async || {
        let others = house.leaders().await.into_iter().find(|who| *who != leader);
        others.ok_or_else(|| "nobody".to_owned())
    })
    .await;
    row.takeovers.push(struck.elapsed().as_secs_f64());
    tokio::time::sleep(Duration::from_millis(dice.u64(0..1_500))).await;
    match blow {
        Blow::Kill => house.revive(leader).await,
        Blow::Stop => house.signal(leader, "CONT"),
        Blow::Cut | Blow::Freeze => house.cable(leader).mend(),
    }
    if blow != Blow::Kill {
        until("the old leader to follow", 60, async || {
            let stand = house.stand(leader).await?;
            so(stand.contains("follows") && !stand.contains("nobody"), stand)
        })
        .await;
        row.deposed += 1;
    }
    let _ = next;
    house.target.mend();
    let id = until("the incident to be over, and told on both channels", 60, async || {
        let new: Vec<_> = house.incidents().await.into_iter().filter(|id| !known.contains(id)).collect();
        let [id] = new.as_slice() else { return Err(format!("{new:?}")) };
        so(house.is_over(id).await && house.told().since(&before).is_whole(id), house.told().since(&before))?;
        Ok(id.clone())
    })
    .await;
    row.renamed += usize::from(!opened.is_empty() && opened != [id.clone()]);
    // What comes late comes now.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let told: Told = house.told().since(&before);
    row.lost += usize::from(!told.is_whole(&id));
    row.renamed += usize::from(told.incidents() != [id]);
    row.with_keys += told.under_two_keys();
    row.without_keys += told.twice();
    row.most_without_keys = row.most_without_keys.max(told.twice());
}

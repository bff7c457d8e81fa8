//! What a launch that waits for room is taken for, second by second.

use super::Room::{Enough, Grows, Lacks, Warned};
use super::*;

const FULL: &str = "2026-01-02T10:00:01Z [Warning] 0/9 nodes are available: 9 Insufficient memory.";
const GROWTH: &str = "2026-01-02T10:00:02Z [Normal] pod triggered scale-up: [{pool-1 3->4 (max: 10)}]";
const NO_MORE: &str =
    "2026-01-02T10:00:03Z [Normal] pod didn't trigger scale-up: 1 max node group size reached";
const PLACED: &str = "2026-01-02T10:00:04Z [Normal] Successfully assigned prod/jupyter-x to node-10";
const STARTED: &str = "2026-01-02T10:00:05Z [Normal] Started container notebook";

/// Lines at their seconds, and how it stands at other seconds.
async fn play(lines: &[(u64, &str)], expected: &[(u64, Room)]) {
    let began = Instant::now();
    let mut capacity = Capacity::default();
    let mut lines = lines.iter().peekable();
    for (at, room) in expected {
        while let Some((when, line)) = lines.next_if(|(when, _)| when <= at) {
            tokio::time::sleep_until(began + Duration::from_secs(*when)).await;
            assert!(capacity.hear(line), "{line}");
        }
        tokio::time::sleep_until(began + Duration::from_secs(*at)).await;
        assert_eq!(capacity.room(), *room, "after {at} s of {lines:?}: {capacity:?}");
        let due = capacity.due().map(|due| due - began);
        assert!(due.is_none_or(|due| due > Duration::from_secs(*at)), "due {due:?} at {at} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_warning_becomes_a_suspicion_when_nothing_better_comes_for_a_minute() {
    play(&[(2, FULL)], &[(1, Enough), (2, Warned), (61, Warned), (62, Lacks), (300, Lacks)]).await;
    play(&[(2, FULL), (30, FULL)], &[(31, Warned), (62, Lacks)]).await;
    play(&[(2, FULL), (62, GROWTH)], &[(61, Warned), (63, Grows)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_grows_has_ten_minutes() {
    play(&[(2, FULL), (20, GROWTH), (50, FULL)], &[(21, Grows), (601, Grows), (602, Lacks)]).await;
    play(&[(2, FULL), (70, GROWTH)], &[(62, Lacks), (71, Grows)]).await;
}

#[tokio::test(start_paused = true)]
async fn growth_can_be_taken_back_and_given_again() {
    let lines = [(2, FULL), (20, GROWTH), (40, NO_MORE), (80, GROWTH)];
    play(&lines, &[(30, Grows), (41, Warned), (62, Lacks), (81, Grows)]).await;
    play(&lines[..3], &[(30, Grows), (61, Warned), (62, Lacks)]).await;
    play(&[(5, NO_MORE)], &[(6, Warned), (65, Lacks)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_has_its_node_waits_for_room_no_longer() {
    // At once: somebody else made room.
    play(&[(2, FULL), (4, PLACED)], &[(3, Warned), (5, Enough), (100, Enough)]).await;
    // Later: a node came, which has no image yet.
    play(&[(2, FULL), (50, PLACED)], &[(51, Grows), (229, Grows), (230, Enough)]).await;
    let grown = [(2, FULL), (20, GROWTH), (90, PLACED), (100, STARTED)];
    play(&grown, &[(91, Grows), (101, Grows), (159, Grows), (160, Enough)]).await;
    // The next pod finds no room either.
    play(&[(2, FULL), (4, PLACED), (20, FULL)], &[(5, Enough), (21, Warned), (80, Lacks)]).await;
}

#[test]
fn lines_about_other_things_are_not_taken() {
    for line in [
        "Server requested",
        "[Warning] The node was low on resource: memory. Evicted",
        "Spawn failed: (403) exceeded quota: user-pods",
        "[Warning] Failed to pull image \"r/x:1\"",
    ] {
        assert!(!Capacity::default().hear(line), "{line}");
    }
}

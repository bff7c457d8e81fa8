//! What launches leave behind, and the cron job's way.

use super::*;

fn launches() -> Value {
    json!([{ "name": "hub", "url": "http://hub.example/", "probes": [
        { "type": "binder-launch", "name": "cached", "spec": "gh/example/tiny/v1", "every": "2m" },
    ] }])
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_agent_has_launched_is_shut_down_by_the_next() {
    let place = Place::new(launches());
    let agent = place.agent();
    let debts = async || {
        let debts = place.store.debts().await.unwrap();
        debts.iter().filter(|d| matches!(d.state, DebtState::Told(_))).count()
    };
    let mut waited = 0;
    while debts().await == 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        waited += 1;
        assert!(waited < 2_000, "no launch was named a server");
    }
    agent.kill().await;
    assert_eq!(debts().await, 1);
    place.service.with(|s| (s.plan, s.version) = (json!([]), 2));
    let agent = place.agent();
    pass(60).await;
    assert_eq!(debts().await, 0);
    agent.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_runs_what_is_due_and_a_second_one_in_the_same_interval_does_not() {
    let place = Place::new(launches());
    let first = place.once(&[]).await.unwrap();
    assert_eq!((first.code(), first.seen.len(), first.undelivered), (0, 1, 0), "{first:?}");
    assert_eq!(place.store.debts().await.unwrap().len(), 0, "nothing is left behind");
    let slot = first.seen[0].slot;
    assert!(grid("hub/cached", 120, slot - Duration::from_secs(1), slot).contains(&slot), "on the grid");
    let second = place.once(&[]).await.unwrap();
    assert!(second.code() == 0 && second.seen.iter().all(|o| o.slot > slot), "{second:?}");
    pass(120).await;
    assert_eq!(place.once(&[]).await.unwrap().seen.len(), 1);
    // What the service has heard of from elsewhere is not due either.
    let far: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    place.service.with(|s| s.last_slots.insert("hub/cached".into(), far));
    pass(240).await;
    assert_eq!(place.once(&[]).await.unwrap().seen.len(), 0);
    assert_eq!(place.once(&["hub/cached"]).await.unwrap().seen.len(), 1, "whoever names it wants it");
    assert!(matches!(place.once(&["hub/other"]).await, Err(Wrong::Misconfigured(_))));
}

#[tokio::test(start_paused = true)]
async fn what_a_cron_job_could_not_send_goes_first_next_time_and_the_codes_say_so() {
    let place = Place::new(sites());
    assert_eq!(place.once(&[]).await.unwrap().code(), 0);
    for fault in [Fault::SilentAfter, Fault::Refuses(503), Fault::SilentBefore] {
        place.service.set(fault);
        pass(10).await;
        let came = place.once(&["one"]).await.unwrap();
        assert_eq!(came.code(), 5, "{fault:?}: {came:?}");
    }
    place.service.set(Fault::None);
    place.cable.lose("one.example", true);
    let came = place.once(&["one"]).await.unwrap();
    assert_eq!((came.code(), came.undelivered), (1, 0), "{came:?}");
    assert_eq!(place.service.slots("one/http").len(), 5);
    place.cable.cut(true);
    assert_eq!(place.once(&["one"]).await.unwrap().code(), 5);
    place.cable.cut(false);
    place.service.with(|s| s.token = "another-one".into());
    assert!(matches!(place.once(&[]).await, Err(Wrong::Misconfigured(_))));
    place.service.with(|s| assert_eq!(s.wrong, [] as [String; 0]));
}

//! Fetches the plan, again and again, and has it followed; begins with the one that was followed last.

use std::sync::Arc;
use std::time::Duration;

use super::bell::Bell;
use super::client::{Client, Trouble};
use super::crew::Crew;
use super::figures::Figures;
use super::work::{Kept, Work};
use crate::config::Config;
use crate::dice::Dice;
use crate::tasks::Tasks;
use crate::wire::Plan;

/// How often the plan is asked for.
const EVERY: Duration = Duration::from_secs(30);
/// At the soonest, also when it is said to have changed.
const SOONEST: Duration = Duration::from_secs(2);

/// Who follows the plan.
pub(super) struct Planner {
    pub(super) client: Client,
    pub(super) crew: Crew,
    pub(super) bell: Arc<Bell>,
    pub(super) kept: Kept,
    pub(super) location: Option<Arc<str>>,
    pub(super) figures: Figures,
    pub(super) dice: Dice,
}

impl Planner {
    /// Runs until the agent stops. With a configuration of our own, nothing is fetched.
    pub(super) async fn run(mut self, tasks: Tasks, stored: Option<Plan>, own: Option<Config>) {
        if let Some(own) = own {
            let location = self.location.clone().unwrap_or_else(|| Arc::clone(&own.service.location));
            self.follow(&Work::of_config(&own, &location));
            tasks.stopped().await;
            return;
        }
        if let Some(plan) = &stored {
            self.follow(&Work::of_plan(plan, &environment));
        }
        let (mut tag, mut said) = (None, false);
        loop {
            let asked = tokio::select! {
                biased; // two replays must agree
                _ = tasks.stopped() => return,
                asked = self.client.plan(tag.as_deref()) => asked,
            };
            let pause = match asked {
                Ok(Some((plan, new))) => {
                    (tag, said) = (new, false);
                    self.take(&plan);
                    EVERY
                }
                Ok(None) => EVERY,
                Err(trouble) => {
                    if !std::mem::replace(&mut said, true) {
                        tell(&trouble, stored.is_some() || self.crew.count() > 0);
                    }
                    EVERY.mul_f64(0.5)
                }
            };
            let pause = pause.mul_f64(0.9 + self.dice.chance() / 5.0);
            tokio::select! {
                biased;
                _ = tasks.stopped() => return,
                () = async { tokio::time::sleep(SOONEST).await; self.bell.rings().await } => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn take(&mut self, plan: &Plan) {
        if let Some(name) = self.location.as_deref().filter(|name| *name != plan.location) {
            let words = format!(
                "the token is that of `{}`, and this agent is to be `{name}`: it follows no plan",
                plan.location
            );
            tracing::error!("{words}");
            self.figures.say(|said| said.plan_trouble = vec![words]);
            return;
        }
        self.kept.write(plan);
        self.follow(&Work::of_plan(plan, &environment));
    }

    fn follow(&mut self, work: &Work) {
        self.crew.follow(work);
        if !work.version.is_empty() {
            self.bell.follow(&work.version);
        }
        for trouble in &work.troubles {
            tracing::error!("{trouble}");
        }
        tracing::info!(plan = %work.version, probes = self.crew.count(), "watching");
        self.figures.probes(self.crew.count());
        self.figures.say(|said| {
            said.plan.clone_from(&work.version);
            said.plan_trouble.clone_from(&work.troubles);
        });
    }
}

fn tell(trouble: &Trouble, has_one: bool) {
    let meanwhile =
        if has_one { "the last one is followed meanwhile" } else { "nothing is looked at until then" };
    tracing::warn!("there is no plan to be had: {trouble}; {meanwhile}");
}

/// The environment of this process: where the plan says `env:`.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

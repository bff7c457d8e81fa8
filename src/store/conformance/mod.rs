//! What every store promises, one test each: run for every implementation by [`conformance`].

pub(crate) mod accounts;
pub(crate) mod channels;
pub(crate) mod incidents;
pub(crate) mod owed;
pub(crate) mod results;
pub(crate) mod subscribers;

use super::{SeriesQuery, Tier};

/// Hands every promise, as the room and the name of its test, to another macro, after what else it is to have.
macro_rules! promises {
    ($to:ident $(, $more:expr)?) => {
        $to! { $($more;)?
            results a_run_that_failed_comes_back_to_the_letter
            results a_run_that_passed_comes_back_within_one_per_cent
            results the_same_slot_is_kept_once_and_as_it_was
            results buckets_of_every_width_count_every_run
            results a_late_run_is_counted_where_it_was_due
            results series_are_by_probe_and_oldest_first_within_their_range
            results runs_are_newest_first_within_limit_and_range
            results bad_runs_are_told_alone
            results the_last_slot_of_every_probe_is_known
            owed the_engine_finds_what_is_not_calm_and_not_resolved
            owed incidents_are_newest_first
            incidents an_incident_is_found_by_its_id_open_or_over
            incidents incidents_come_page_by_page_even_if_they_opened_at_once
            incidents a_message_leads_to_its_incident_in_its_channel_only
            incidents what_was_told_of_one_incident_or_through_one_channel_is_found_by_it
            incidents deployments_are_remembered_and_listed_newest_first
            owed a_notification_is_owed_once_to_every_channel
            owed only_the_oldest_of_an_incident_is_due
            owed a_failed_delivery_is_due_again_when_it_says
            owed later_messages_know_what_the_channel_last_called_its_thread
            owed deliveries_tell_what_came_of_them
            owed a_resolved_incident_is_told_as_one_message
            owed an_update_takes_the_place_of_what_was_not_told
            owed what_was_under_way_when_superseded_still_counts_as_delivered
            channels what_may_wait_is_due_at_the_end_of_quiet_hours
            channels a_broken_channel_hands_over_what_it_owes_once
            channels what_a_fallback_told_of_is_told_there_to_be_over
            channels who_stood_in_for_two_channels_tells_the_end_once
            channels what_is_handed_over_at_once_folds_as_if_one_by_one
            channels a_batch_of_changes_is_kept_as_if_one_by_one
            channels a_message_that_is_refused_is_handed_over_alone
            channels what_was_under_way_at_the_end_is_a_possible_duplicate
            channels how_channels_stand_is_remembered
            channels what_is_owed_through_a_channel_that_is_gone_is_given_up_on_record
            channels what_nobody_has_told_is_counted_from_when_it_could_have_been
            owed what_was_told_long_ago_is_dropped
            owed a_zero_byte_does_no_harm
            owed a_debt_lives_from_launch_to_payment
            owed a_debt_that_is_given_up_is_counted
            results pruning_drops_what_is_old_and_keeps_the_rest
            results nothing_at_all_is_a_batch_too
            results what_was_noted_last_is_known
            accounts a_session_is_found_by_its_digest_until_it_ends
            accounts sessions_that_are_over_are_dropped
            accounts a_token_lives_from_its_making_to_its_end
            accounts the_record_is_newest_first_page_by_page_and_by_person
            accounts what_a_command_did_is_on_record_with_its_change
            accounts the_record_is_kept_as_long_as_hours_are
            subscribers a_wish_is_asked_back_before_anything_is_told
            subscribers an_address_is_not_asked_again_and_again
            subscribers who_does_not_confirm_is_forgotten
            subscribers each_subscriber_is_told_once_of_an_outage_and_once_of_its_end
            subscribers what_came_and_went_is_told_as_one_mail
            subscribers who_came_during_an_outage_hears_of_its_end_only
            subscribers only_those_concerned_are_told
            subscribers what_the_public_does_not_see_is_not_told
            subscribers who_has_left_is_owed_nothing
            subscribers links_are_good_for_one_thing_and_one_person
            subscribers a_changed_wish_holds_when_it_is_confirmed
            subscribers planned_work_is_announced_once
            subscribers mails_are_due_again_when_they_say_and_old_news_are_given_up
        }
    };
}
pub(crate) use promises;

/// Every promise as a test of the store that an expression makes.
macro_rules! conformance {
    ($store:expr) => {
        $crate::store::conformance::promises! { conformance_tests, $store }
    };
}
pub(crate) use conformance;

macro_rules! conformance_tests {
    ($store:expr; $($room:ident $name:ident)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            $crate::store::conformance::$room::$name($store).await;
        }
    )* };
}
pub(crate) use conformance_tests;

fn tier(tier: Tier) -> SeriesQuery {
    SeriesQuery { probes: Vec::new(), tier, from: i64::MIN / 4_000_000, to: i64::MAX / 4_000_000 }
}

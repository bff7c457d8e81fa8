//! Carries envelopes: time limit, backoff, receipts.

//! Tests of the SLO report.

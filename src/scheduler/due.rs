//! What is to be done about a schedule now: which sessions are skipped and why, which one is started, what comes next.
//!
//! Nothing here reads a clock or the store.

use super::catch_up::{CatchUp, Policy};
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::model::{SessionTime, Time};
use chrono::TimeDelta;
use std::fmt;

/// A schedule and what is to be known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) schedule: &'a Schedule,
    /// The next session, and when it runs: a session that was put off runs later than the schedule says.
    pub(super) next: ScheduleTime,
    pub(super) policy: Policy,
    /// Whether an attempt of the workflow runs that nobody has canceled.
    pub(super) overtime: bool,
    /// The attempt of the session that the schedule started last, if it has not ended.
    pub(super) previous: Option<Previous>,
}

/// An attempt that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) session: SessionTime,
    pub(super) started_at: Time,
    /// Since when this process has run it without a break: later than `started_at` when it has taken it up from another one,
    /// or the machine was asleep.
    pub(super) runs_since: Time,
    /// How long the workflow takes at least, if that is known.
    pub(super) usual: Option<TimeDelta>,
}

/// What is to be done about a schedule whose next session is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    /// In order.
    pub(super) skipped: Vec<Skipped>,
    pub(super) step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A session is started, and the schedule goes on with the one after it.
    Start { session: ScheduleTime, next: ScheduleTime },
    /// This session is started when the previous one has ended, or at a time even if it has not.
    Wait { session: ScheduleTime, until: Time },
    /// Nothing is due any more before this one.
    Sleep(ScheduleTime),
}

/// Sessions of a schedule, one after another, that are not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub first: SessionTime,
    pub last: SessionTime,
    pub count: u64,
    pub reason: Reason,
}

/// Why sessions are not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `skip_delayed_by` of the workflow.
    Delayed,
    /// `skip_on_overtime` of the workflow.
    Overtime,
    /// More sessions were missed than are caught up.
    CatchUpLimit(u32),
    /// Of the missed sessions only the last one is run.
    CatchUpLast,
    /// Missed sessions are not run.
    CatchUpNone,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delayed => f.write_str("later than skip_delayed_by allows"),
            Self::Overtime => f.write_str("skip_on_overtime, and an attempt is still running"),
            Self::CatchUpLimit(limit) => write!(f, "more than schedule.catch_up_limit = {limit} were missed"),
            Self::CatchUpLast => f.write_str("missed, and schedule.catch_up = last"),
            Self::CatchUpNone => f.write_str("missed, and schedule.catch_up = none"),
        }
    }
}

/// A session that starts later than this was missed, even when there is none after it yet: a server that is restarted
/// or busy is not down.
const PUNCTUAL: TimeDelta = TimeDelta::minutes(1);

/// A session that started later than this was missed or had to wait.
const PROMPT: TimeDelta = TimeDelta::seconds(5);

/// Decides what is to be done. None when the next session is not due.
///
/// Sessions on time start whatever else runs, as in Digdag. Missed ones start when the one before has ended, and so does
/// one on time after a missed one, lest two of them run at a time. None waits longer than the schedule's sessions are
/// apart: those of a workflow that takes longer than that overlap when nothing is missed, too, and would fall behind for
/// ever. Where it is known to, they wait half as long, and so come to be on time again.
pub(super) fn decide(situation: &Situation<'_>, now: Time) -> Option<Decision> {
    let Situation { schedule, next, policy, overtime, previous } = *situation;
    if now < next.run {
        return None;
    }
    let mut skip = Skip { schedule, cursor: next, skipped: vec![] };
    if let Some(limit) = delay_limit(schedule).filter(|&limit| next.run + limit < now) {
        skip.to(schedule.first(now - limit), Reason::Delayed);
    }
    if now < skip.cursor.run {
        return Some(skip.then_sleep());
    }
    let newest = schedule.last(now).filter(|last| last.session > skip.cursor.session).unwrap_or(skip.cursor);
    let after_newest = schedule.next(newest.session);
    let is_missed = |time: ScheduleTime| time.session < newest.session || time.run + PUNCTUAL < now;
    match policy.catch_up {
        CatchUp::All => skip.keep_last(newest, policy.limit),
        CatchUp::Last => skip.to(Some(newest), Reason::CatchUpLast),
        CatchUp::None if is_missed(newest) => skip.to(after_newest, Reason::CatchUpNone),
        CatchUp::None => skip.to(Some(newest), Reason::CatchUpNone),
    }
    if overtime && schedule.skip_on_overtime() {
        skip.to(after_newest, Reason::Overtime);
    }
    if now < skip.cursor.run {
        return Some(skip.then_sleep());
    }
    let Skip { cursor: session, skipped, .. } = skip;
    let next = schedule.next(session.session).unwrap_or(ScheduleTime::NEVER);
    let blocks = |previous: &Previous| is_missed(session) || previous.was_late(schedule);
    let until = previous.filter(blocks).map(|previous| previous.waited_for_until(schedule));
    let step = match until.filter(|&until| now < until) {
        Some(until) => Step::Wait { session, until },
        None => Step::Start { session, next },
    };
    Some(Decision { skipped, step })
}

impl Previous {
    fn was_late(&self, schedule: &Schedule) -> bool {
        self.session.time() + schedule.delay() + PROMPT < self.started_at
    }

    fn waited_for_until(&self, schedule: &Schedule) -> Time {
        let session = self.session.time();
        let interval = schedule.next(session).map_or(TimeDelta::zero(), |next| next.session - session);
        let overlaps = self.usual.is_some_and(|usual| usual > interval);
        self.runs_since + if overlaps { interval / 2 } else { interval }
    }
}

fn delay_limit(schedule: &Schedule) -> Option<TimeDelta> {
    // A limit that is too long to be reckoned with is none.
    schedule.skip_delayed_by().and_then(|limit| TimeDelta::from_std(limit).ok())
}

/// Goes forward from session to session without running them.
struct Skip<'a> {
    schedule: &'a Schedule,
    cursor: ScheduleTime,
    skipped: Vec<Skipped>,
}

impl Skip<'_> {
    /// Goes on so far that no more than `count` sessions are left up to the newest one.
    fn keep_last(&mut self, newest: ScheduleTime, count: u32) {
        let earlier = std::iter::successors(Some(newest), |time| self.schedule.previous(time.session));
        let left = earlier.take_while(|time| time.session > self.cursor.session).take(count as usize);
        // When the first one that is left is the cursor itself, there are too few to find so many after it.
        let left: Vec<ScheduleTime> = left.collect();
        if left.len() == count as usize {
            self.to(left.last().copied(), Reason::CatchUpLimit(count));
        }
    }

    fn then_sleep(self) -> Decision {
        Decision { skipped: self.skipped, step: Step::Sleep(self.cursor) }
    }

    /// Goes on to a session, or beyond the end; stays when that is not later.
    fn to(&mut self, target: Option<ScheduleTime>, reason: Reason) {
        let target = target.unwrap_or(ScheduleTime::NEVER);
        let times = std::iter::successors(Some(self.cursor), |time| self.schedule.next(time.session));
        let skipped = times.take_while(|time| time.session < target.session).map(|time| time.session);
        let counted = skipped.fold(None, |counted, session| match counted {
            None => Some((session, session, 1)),
            Some((first, _, count)) => Some((first, session, count + 1)),
        });
        let Some((first, last, count)) = counted else { return };
        let [first, last] = [first, last].map(SessionTime::new);
        self.skipped.push(Skipped { first, last, count, reason });
        self.cursor = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Zone;
    use crate::model::time::parse_iso;
    use serde_json::{Value, json};

    fn at(text: &str) -> Time {
        parse_iso(&format!("2024-01-{text}Z").replacen(' ', "T", 1)).unwrap()
    }

    fn shown(time: Time) -> String {
        time.format("%d %H:%M").to_string()
    }

    /// A schedule whose next session is the first one to run at `since` or later.
    struct Case {
        schedule: Schedule,
        next: ScheduleTime,
        policy: Policy,
        overtime: bool,
        previous: Option<Previous>,
    }

    impl Case {
        fn new(section: &Value, since: &str) -> Self {
            let (schedule, _) = Schedule::parse(section.as_object().unwrap(), &Zone::utc()).unwrap();
            let next = schedule.first(at(since)).unwrap();
            let policy = Policy { catch_up: CatchUp::All, limit: 24 };
            Self { schedule, next, policy, overtime: false, previous: None }
        }

        fn policy(self, catch_up: CatchUp, limit: u32) -> Self {
            Self { policy: Policy { catch_up, limit }, ..self }
        }

        /// The last session's attempt has not ended.
        fn previous(self, session: &str, started_at: &str) -> Self {
            let (session, started_at) = (SessionTime::new(at(session)), at(started_at));
            let previous = Previous { session, started_at, runs_since: started_at, usual: None };
            Self { previous: Some(previous), ..self }
        }

        fn decide(&self, now: &str) -> String {
            let Self { schedule, next, policy, overtime, previous } = self;
            let situation = Situation {
                schedule,
                next: *next,
                policy: *policy,
                overtime: *overtime,
                previous: *previous,
            };
            let Some(decision) = decide(&situation, at(now)) else { return "not yet".to_owned() };
            let skipped = decision.skipped.iter().map(|skipped| {
                let Skipped { first, last, count, reason } = skipped;
                format!("skip {count}: {} to {} ({reason:?}), ", shown(first.time()), shown(last.time()))
            });
            let step = match decision.step {
                Step::Start { session, next } => {
                    format!("start {}, next {}", shown(session.session), shown(next.session))
                }
                Step::Wait { session, until } => {
                    format!("wait {} until {}", shown(session.session), shown(until))
                }
                Step::Sleep(next) => format!("sleep {}", shown(next.session)),
            };
            skipped.collect::<String>() + &step
        }
    }

    fn hourly(since: &str) -> Case {
        Case::new(&json!({"hourly>": "30:00"}), since)
    }

    #[test]
    fn a_session_on_time_starts_whatever_runs() {
        let case = hourly("01 05:00:00");
        assert_eq!(case.decide("01 05:29:59"), "not yet");
        assert_eq!(case.decide("01 05:30:00"), "start 01 05:00, next 01 06:00");
        assert_eq!(case.decide("01 05:31:00"), "start 01 05:00, next 01 06:00");
        let busy = hourly("01 05:00:00").previous("01 04:00:00", "01 04:30:01");
        assert_eq!(busy.decide("01 05:30:00"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn missed_sessions_start_one_after_another() {
        // One that is late, though none is after it yet.
        let case = hourly("01 05:00:00");
        assert_eq!(case.decide("01 06:00:00"), "start 01 05:00, next 01 06:00");
        let busy = hourly("01 05:00:00").previous("01 04:00:00", "01 05:20:00");
        assert_eq!(busy.decide("01 06:00:00"), "wait 01 05:00 until 01 06:20");
        // Several; the newest is on time.
        assert_eq!(case.decide("01 08:30:00"), "start 01 05:00, next 01 06:00");
        let busy = hourly("01 05:00:00").previous("01 04:00:00", "01 08:00:00");
        assert_eq!(busy.decide("01 08:30:00"), "wait 01 05:00 until 01 09:00");
        // The one on time after a missed one that still runs.
        let behind = hourly("01 05:00:00").previous("01 04:00:00", "01 05:20:00");
        assert_eq!(behind.decide("01 05:30:00"), "wait 01 05:00 until 01 06:20");
        let after_waiting = hourly("01 05:00:00").previous("01 04:00:00", "01 04:30:06");
        assert_eq!(after_waiting.decide("01 05:30:00"), "wait 01 05:00 until 01 05:30");
        assert_eq!(after_waiting.decide("01 05:30:06"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn sessions_that_take_long_do_not_fall_behind() {
        let busy = hourly("01 05:00:00").previous("01 04:00:00", "01 08:00:00");
        assert_eq!(busy.decide("01 08:59:59"), "wait 01 05:00 until 01 09:00");
        assert_eq!(busy.decide("01 09:00:00"), "start 01 05:00, next 01 06:00");
        // Taken up again by a server that was started later.
        let mut taken_up = hourly("01 05:00:00").previous("01 04:00:00", "01 04:30:00");
        taken_up.previous = taken_up.previous.map(|it| Previous { runs_since: at("01 08:00:00"), ..it });
        assert_eq!(taken_up.decide("01 08:10:00"), "wait 01 05:00 until 01 09:00");
    }

    #[test]
    fn sessions_that_overlap_when_nothing_is_missed_come_to_be_on_time_again() {
        let case = |minutes| {
            let mut case = hourly("01 05:00:00").previous("01 04:00:00", "01 08:00:00");
            let usual = Some(TimeDelta::minutes(minutes));
            case.previous = case.previous.map(|previous| Previous { usual, ..previous });
            case
        };
        assert_eq!(case(60).decide("01 08:10:00"), "wait 01 05:00 until 01 09:00");
        assert_eq!(case(61).decide("01 08:10:00"), "wait 01 05:00 until 01 08:30");
        assert_eq!(case(61).decide("01 08:30:00"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn only_the_newest_are_caught_up() {
        let case = |limit| hourly("01 05:00:00").policy(CatchUp::All, limit);
        assert_eq!(case(4).decide("01 08:30:00"), "start 01 05:00, next 01 06:00");
        assert_eq!(
            case(3).decide("01 08:30:00"),
            "skip 1: 01 05:00 to 01 05:00 (CatchUpLimit(3)), start 01 06:00, next 01 07:00"
        );
        assert_eq!(
            case(1).decide("01 08:30:00"),
            "skip 3: 01 05:00 to 01 07:00 (CatchUpLimit(1)), start 01 08:00, next 01 09:00"
        );
        let busy = case(2).previous("01 04:00:00", "01 08:00:00");
        assert_eq!(
            busy.decide("01 08:30:00"),
            "skip 2: 01 05:00 to 01 06:00 (CatchUpLimit(2)), wait 01 07:00 until 01 09:00"
        );
        assert_eq!(case(u32::MAX).decide("01 08:30:00"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn the_last_missed_session_can_be_the_only_one_to_run() {
        let case = hourly("01 05:00:00").policy(CatchUp::Last, 24);
        assert_eq!(case.decide("01 05:30:00"), "start 01 05:00, next 01 06:00");
        assert_eq!(
            case.decide("01 08:45:00"),
            "skip 3: 01 05:00 to 01 07:00 (CatchUpLast), start 01 08:00, next 01 09:00"
        );
    }

    #[test]
    fn missed_sessions_can_be_left_out() {
        let case = hourly("01 05:00:00").policy(CatchUp::None, 24);
        assert_eq!(case.decide("01 05:30:59"), "start 01 05:00, next 01 06:00");
        assert_eq!(case.decide("01 05:31:01"), "skip 1: 01 05:00 to 01 05:00 (CatchUpNone), sleep 01 06:00");
        assert_eq!(case.decide("01 08:45:00"), "skip 4: 01 05:00 to 01 08:00 (CatchUpNone), sleep 01 09:00");
        assert_eq!(
            case.decide("01 08:30:59"),
            "skip 3: 01 05:00 to 01 07:00 (CatchUpNone), start 01 08:00, next 01 09:00"
        );
    }

    #[test]
    fn sessions_later_than_the_workflow_allows_are_left_out() {
        let case = || Case::new(&json!({"hourly>": "30:00", "skip_delayed_by": "90m"}), "01 05:00:00");
        assert_eq!(case().decide("01 07:00:00"), "start 01 05:00, next 01 06:00");
        assert_eq!(
            case().decide("01 07:00:01"),
            "skip 1: 01 05:00 to 01 05:00 (Delayed), start 01 06:00, next 01 07:00"
        );
        assert_eq!(
            case().policy(CatchUp::All, 1).decide("01 09:30:00"),
            "skip 3: 01 05:00 to 01 07:00 (Delayed), skip 1: 01 08:00 to 01 08:00 (CatchUpLimit(1)), \
             start 01 09:00, next 01 10:00"
        );
        let daily = Case::new(&json!({"daily>": "07:00:00", "skip_delayed_by": "1h"}), "01 00:00:00");
        assert_eq!(daily.decide("03 08:00:01"), "skip 3: 01 00:00 to 03 00:00 (Delayed), sleep 04 00:00");
        // A session that was put off is late from then on only.
        let mut put_off = case();
        put_off.next.run = at("01 07:30:00");
        assert_eq!(put_off.decide("01 07:29:00"), "not yet");
        assert_eq!(put_off.decide("01 07:30:00"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn sessions_are_left_out_while_another_runs() {
        let case = |overtime| {
            let section = json!({"hourly>": "30:00", "skip_on_overtime": true, "skip_delayed_by": "2h"});
            Case { overtime, ..Case::new(&section, "01 05:00:00") }
        };
        assert_eq!(case(false).decide("01 05:30:00"), "start 01 05:00, next 01 06:00");
        assert_eq!(case(true).decide("01 05:29:00"), "not yet");
        assert_eq!(
            case(true).decide("01 05:30:00"),
            "skip 1: 01 05:00 to 01 05:00 (Overtime), sleep 01 06:00"
        );
        assert_eq!(
            case(true).decide("01 08:30:00"),
            "skip 1: 01 05:00 to 01 05:00 (Delayed), skip 3: 01 06:00 to 01 08:00 (Overtime), sleep 01 09:00"
        );
        let daily = json!({"daily>": "07:00:00", "skip_on_overtime": true, "skip_delayed_by": "2h"});
        let daily = Case { overtime: true, ..Case::new(&daily, "01 00:00:00") };
        assert_eq!(daily.decide("01 10:00:00"), "skip 1: 01 00:00 to 01 00:00 (Delayed), sleep 02 00:00");
        let not_asked_for = Case { overtime: true, ..hourly("01 05:00:00") };
        assert_eq!(not_asked_for.decide("01 05:30:00"), "start 01 05:00, next 01 06:00");
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let section = json!({"daily>": "07:00:00", "start": "2024-01-02", "end": "2024-01-04"});
        let case = Case::new(&section, "01 00:00:00");
        assert_eq!(case.decide("02 06:59:59"), "not yet");
        assert_eq!(case.decide("02 07:00:00"), "start 02 00:00, next 03 00:00");
        let late = Case::new(&section, "01 00:00:00").policy(CatchUp::Last, 24);
        assert_eq!(
            late.decide("20 00:00:00"),
            "skip 2: 02 00:00 to 03 00:00 (CatchUpLast), start 04 00:00, next 01 00:00"
        );
        let none = Case::new(&section, "01 00:00:00").policy(CatchUp::None, 24);
        assert_eq!(none.decide("20 00:00:00"), "skip 3: 02 00:00 to 04 00:00 (CatchUpNone), sleep 01 00:00");
    }
}

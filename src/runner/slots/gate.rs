//! Who has which slots, and who waits for which. Plain data: nothing here blocks.

use super::{SlotSettings, SlotUse};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The slots that a task needs, or has: all at once, so that no two wait for each other. In the order of their names.
pub(in crate::runner) type Claim = Vec<Arc<str>>;

/// Lets as many through as there are slots. For each slot it is first come, first served: who waits for several keeps
/// those who came later from all of them, or it could wait for ever. Others are not held up.
#[derive(Debug)]
pub(in crate::runner) struct Gate<J> {
    settings: SlotSettings,
    /// How many have a slot, also one that is not configured any more. No zeros.
    used: BTreeMap<Arc<str>, usize>,
    /// Those who wait, by what they need. None is empty.
    queues: BTreeMap<Claim, VecDeque<Waiting<J>>>,
    /// How many have begun to wait so far.
    arrivals: u64,
}

#[derive(Debug)]
struct Waiting<J> {
    arrival: u64,
    job: J,
}

impl<J> Gate<J> {
    pub(in crate::runner) fn new(settings: SlotSettings) -> Self {
        Self { settings, used: BTreeMap::new(), queues: BTreeMap::new(), arrivals: 0 }
    }

    /// Whether nobody has to wait.
    pub(in crate::runner) fn is_unguarded(&self) -> bool {
        self.settings.is_empty()
    }

    pub(in crate::runner) fn has_waiting(&self) -> bool {
        !self.queues.is_empty()
    }

    pub(in crate::runner) fn claim(&self, project: &str, task: &str) -> Claim {
        self.settings.of(project, task)
    }

    /// Takes the slots if all are free and nobody waits for one of them.
    pub(in crate::runner) fn take(&mut self, claim: &Claim) -> bool {
        let is_wanted = |name| self.queues.keys().any(|queued| queued.contains(name));
        let open = claim.iter().all(|name| self.is_free(name) && !is_wanted(name));
        if open {
            self.mark(claim);
        }
        open
    }

    pub(in crate::runner) fn wait(&mut self, claim: Claim, job: J) {
        self.arrivals += 1;
        self.queues.entry(claim).or_default().push_back(Waiting { arrival: self.arrivals, job });
    }

    /// Gives slots back.
    pub(in crate::runner) fn release(&mut self, claim: &Claim) {
        for name in claim {
            if let Some(used) = self.used.get_mut(name) {
                *used -= 1;
            }
        }
        self.used.retain(|_, used| *used > 0);
    }

    /// Lets in who need not wait any more, in the order of their coming, with the slots that they have from now on.
    pub(in crate::runner) fn admit(&mut self) -> Vec<(Claim, J)> {
        let mut admitted = vec![];
        let first =
            |(claim, queue): (&Claim, &VecDeque<Waiting<J>>)| Some((queue.front()?.arrival, claim.clone()));
        let mut heads: BTreeSet<(u64, Claim)> = self.queues.iter().filter_map(first).collect();
        let mut kept = BTreeSet::new();
        while let Some((_, claim)) = heads.pop_first() {
            if claim.iter().any(|name| kept.contains(name) || !self.is_free(name)) {
                // Those behind it need the same.
                kept.extend(claim);
                continue;
            }
            self.mark(&claim);
            let Some(queue) = self.queues.get_mut(&claim) else { continue };
            let next = queue.pop_front();
            match queue.front() {
                Some(waiting) => drop(heads.insert((waiting.arrival, claim.clone()))),
                None => drop(self.queues.remove(&claim)),
            }
            admitted.extend(next.map(|waiting| (claim, waiting.job)));
        }
        admitted
    }

    /// Takes those out who need not wait any more for another reason, in the order of their coming.
    pub(in crate::runner) fn withdraw(&mut self, leaves: impl Fn(&J) -> bool) -> Vec<J> {
        let mut out = vec![];
        for queue in self.queues.values_mut() {
            let (leaving, staying) =
                std::mem::take(queue).into_iter().partition(|waiting| leaves(&waiting.job));
            *queue = staying;
            out.push(leaving);
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        in_order(out)
    }

    /// Follows other settings from now on. Who waits goes on waiting for what the new settings say; who has slots keeps
    /// them.
    pub(in crate::runner) fn configure(
        &mut self,
        settings: SlotSettings,
        name: impl for<'a> Fn(&'a J) -> (&'a str, &'a str),
    ) {
        self.settings = settings;
        for job in in_order(std::mem::take(&mut self.queues).into_values()) {
            let (project, task) = name(&job);
            self.wait(self.settings.of(project, task), job);
        }
    }

    /// All slots of the configuration, by name.
    pub(in crate::runner) fn usage(&self) -> Vec<SlotUse> {
        let waiting = |name: &Arc<str>| {
            let queues = self.queues.iter().filter(|(claim, _)| claim.contains(name));
            queues.map(|(_, queue)| queue.len()).sum()
        };
        let usage = |(name, size): (&Arc<str>, usize)| SlotUse {
            name: name.to_string(),
            size,
            used: self.used(name),
            waiting: waiting(name),
        };
        self.settings.sizes().map(usage).collect()
    }

    /// `db (2 of 2 in use)`, for those who need them.
    pub(in crate::runner) fn describe(&self, claim: &Claim) -> String {
        let one = |name: &Arc<str>| {
            format!("{name} ({} of {} in use)", self.used(name), self.settings.size(name).unwrap_or_default())
        };
        claim.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn mark(&mut self, claim: &Claim) {
        for name in claim {
            *self.used.entry(Arc::clone(name)).or_default() += 1;
        }
    }

    fn is_free(&self, name: &str) -> bool {
        self.settings.size(name).is_none_or(|size| self.used(name) < size)
    }

    fn used(&self, name: &str) -> usize {
        self.used.get(name).copied().unwrap_or_default()
    }
}

fn in_order<J>(queues: impl IntoIterator<Item = VecDeque<Waiting<J>>>) -> Vec<J> {
    let mut waiting: Vec<_> = queues.into_iter().flatten().collect();
    waiting.sort_by_key(|waiting| waiting.arrival);
    waiting.into_iter().map(|waiting| waiting.job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;

    fn settings(sizes: &[(&str, usize)]) -> SlotSettings {
        let mut settings = Settings::default();
        for (name, size) in sizes {
            settings.set(format!("slots.{name}"), size.to_string());
            settings.set(format!("slots.{name}.tasks"), format!("*{name}*"));
        }
        SlotSettings::from_settings(&settings).unwrap()
    }

    /// Jobs are the full names of tasks; the slots that a task needs are in its name.
    fn gate(sizes: &[(&str, usize)]) -> Gate<&'static str> {
        Gate::new(settings(sizes))
    }

    /// Whether the task may run at once. It waits otherwise.
    fn comes(gate: &mut Gate<&'static str>, task: &'static str) -> bool {
        let claim = gate.claim("p", task);
        let open = gate.take(&claim);
        if !open {
            gate.wait(claim, task);
        }
        open
    }

    fn goes(gate: &mut Gate<&'static str>, task: &str) -> String {
        gate.release(&gate.claim("p", task));
        admitted(gate)
    }

    fn admitted(gate: &mut Gate<&'static str>) -> String {
        gate.admit().into_iter().map(|(_, job)| job).collect::<Vec<_>>().join(" ")
    }

    fn shown(gate: &Gate<&'static str>) -> String {
        let one = |it: SlotUse| format!("{} {}/{} +{}", it.name, it.used, it.size, it.waiting);
        gate.usage().into_iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn tasks_wait_in_the_order_of_their_coming() {
        let mut gate = gate(&[("db", 2)]);
        assert!(comes(&mut gate, "+db1") && comes(&mut gate, "+db2") && comes(&mut gate, "+other"));
        assert!(!comes(&mut gate, "+db3") && !comes(&mut gate, "+db4"));
        assert_eq!(
            (shown(&gate), gate.describe(&vec!["db".into()])),
            ("db 2/2 +2".into(), "db (2 of 2 in use)".into())
        );
        assert_eq!(goes(&mut gate, "+db1"), "+db3");
        // One that comes now has to wait behind those who do, also when there is room for a moment.
        gate.release(&vec!["db".into()]);
        assert!(!comes(&mut gate, "+db5"));
        assert_eq!(admitted(&mut gate), "+db4");
        assert_eq!((goes(&mut gate, "+db3"), goes(&mut gate, "+db4")), ("+db5".into(), String::new()));
        assert_eq!((goes(&mut gate, "+db5"), shown(&gate)), (String::new(), "db 0/2 +0".into()));
        assert!(!gate.has_waiting());
    }

    #[test]
    fn who_needs_several_slots_gets_them_at_once_and_in_its_turn() {
        let mut gate = gate(&[("api", 1), ("db", 1), ("ftp", 1)]);
        assert!(comes(&mut gate, "+db1"));
        assert!(!comes(&mut gate, "+db_api"));
        // It would wait for ever if others passed it; those who need neither do not wait.
        assert!(!comes(&mut gate, "+api1") && comes(&mut gate, "+ftp1"));
        assert_eq!(goes(&mut gate, "+ftp1"), "");
        assert_eq!(goes(&mut gate, "+db1"), "+db_api");
        assert_eq!(shown(&gate), "api 1/1 +1, db 1/1 +0, ftp 0/1 +0");
        assert!(!comes(&mut gate, "+db2"));
        assert_eq!(goes(&mut gate, "+db_api"), "+api1 +db2");
    }

    #[test]
    fn those_who_are_not_wanted_any_more_leave() {
        let mut gate = gate(&[("api", 1), ("db", 1)]);
        assert!(comes(&mut gate, "+db1") && comes(&mut gate, "+api1"));
        for task in ["+db2", "+api2", "+db3"] {
            assert!(!comes(&mut gate, task));
        }
        assert_eq!(gate.withdraw(|job| *job != "+db3"), ["+db2", "+api2"]);
        assert_eq!(shown(&gate), "api 1/1 +0, db 1/1 +1");
        assert_eq!((goes(&mut gate, "+db1"), goes(&mut gate, "+api1")), ("+db3".into(), String::new()));
    }

    fn name<'a>(job: &'a &'static str) -> (&'a str, &'a str) {
        ("p", job)
    }

    #[test]
    fn slots_change_under_those_who_have_them_and_wait() {
        let mut gate = gate(&[("db", 1)]);
        assert!(comes(&mut gate, "+db1"));
        for task in ["+db2", "+db3_ftp", "+db4"] {
            assert!(!comes(&mut gate, task));
        }
        gate.configure(settings(&[("db", 3), ("ftp", 1)]), name);
        assert_eq!(
            (admitted(&mut gate), shown(&gate)),
            ("+db2 +db3_ftp".into(), "db 3/3 +1, ftp 1/1 +0".into())
        );
        gate.configure(settings(&[("db", 1)]), name);
        assert_eq!((goes(&mut gate, "+db1"), goes(&mut gate, "+db2")), (String::new(), String::new()));
        assert_eq!(shown(&gate), "db 1/1 +1");
        gate.configure(settings(&[]), name);
        assert!(gate.is_unguarded() && gate.has_waiting());
        assert_eq!((admitted(&mut gate), shown(&gate)), ("+db4".into(), String::new()));
    }
}

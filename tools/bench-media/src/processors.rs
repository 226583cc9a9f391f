//! Limits the processors of a thread and of the processes it starts.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Result;

/// Does `work` on no more than `count` of the processors of this thread. Processes that `work` starts keep
/// the limit.
pub(crate) fn limited_to<T>(count: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let all = sched_getaffinity(None)?;
    let mut some = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).take(count).for_each(|cpu| some.set(cpu));
    sched_setaffinity(None, &some)?;
    let done = work();
    sched_setaffinity(None, &all)?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_taken_away_and_given_back() {
        let count = || Ok(std::thread::available_parallelism()?.get());
        let before = count().unwrap();
        assert_eq!(limited_to(1, count).unwrap(), 1);
        assert_eq!(count().unwrap(), before);
    }
}

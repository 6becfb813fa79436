//! The numbers that stand for cron's random ones. The same crontab on the same machine gives the same numbers again.

/// A small generator (SplitMix64): what is wanted is spread, not secrecy.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from `low` to `high`, which is not below it.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + ((mixed ^ (mixed >> 31)) % span) as u32
    }
}

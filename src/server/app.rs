//! What the handlers of all resources share.

/// Given to every handler.
#[derive(Debug, Default)]
pub struct App {}

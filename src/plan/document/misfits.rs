//! Decisions that do not fit the cluster.

use super::Plan;

/// A decision that does not fit the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Which decision, and why.
    pub message: String,
    /// Whether it matches nothing here; for another cluster it may match.
    pub matches_nothing: bool,
}

/// Decisions that do not fit the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|misfit| misfit.message.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Misfits(pub Vec<Misfit>);

impl Plan {
    /// Refuses a plan whose decisions don't fit the cluster.
    ///
    /// # Errors
    /// [`Misfits`] names every decision that matches nothing or accepts another move than the one that would happen.
    pub fn decisions_fit(&self) -> Result<(), Misfits> {
        if self.misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(self.misfits.clone()))
        }
    }

    /// The same for decisions that are shared with other clusters: what matches nothing here may match there.
    ///
    /// # Errors
    /// [`Misfits`] names every decision that accepts another move than the one that would happen.
    pub fn shared_decisions_fit(&self) -> Result<(), Misfits> {
        let misfits = self.misfits.iter().filter(|misfit| !misfit.matches_nothing);
        let misfits: Vec<Misfit> = misfits.cloned().collect();
        if misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(misfits))
        }
    }

    /// Refuses a plan with a pattern or a decision that matches nothing: a typing error.
    ///
    /// # Errors
    /// [`Misfits`] names each of them.
    pub fn patterns_fit(&self) -> Result<(), Misfits> {
        let misfits = self.misfits.iter();
        let misfits: Vec<_> = misfits
            .filter(|misfit| misfit.matches_nothing)
            .cloned()
            .collect();
        if misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(misfits))
        }
    }
}

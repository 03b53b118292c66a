//! Systems other than Linux: the seat follows the program alone.

/// Only Linux gives us what a program leaves running; elsewhere the seat follows the program.
#[derive(Debug)]
pub(crate) struct Family;

impl Family {
    #[expect(clippy::unnecessary_wraps, reason = "Linux may refuse it")]
    pub(crate) fn adopting() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) async fn changed(&mut self) {
        std::future::pending().await
    }

    pub(crate) fn bury(&self, _program: Option<u32>) {}

    pub(crate) fn is_alone(&self) -> bool {
        true
    }

    pub(crate) fn pass_on(&self, _signal: super::Signal) {}

    pub(crate) fn ask_to_end(&self) {}

    #[expect(clippy::unused_async, reason = "Linux waits for them")]
    pub(crate) async fn kill(&mut self) {}
}

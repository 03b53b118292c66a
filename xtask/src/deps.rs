//! `cargo xtask deps`: what is missing on this machine, and its installation.

use anyhow::{Result, bail};
use clap::Args;

use crate::command::{self, find_program};
use crate::packages::{BUILD, DESKTOP, FETCH, Package};
use crate::tools::Tool;
use crate::{Consent, commits, output, platform};

/// Seconds that `apt-get` waits while another installation holds its lock.
const APT_LOCK_SECONDS: u32 = 600;

/// What `deps` is asked to do; without a flag it checks.
#[derive(Args)]
pub(crate) struct Options {
    /// Open every tool and library, name the package of each missing one (the default).
    #[arg(long)]
    check: bool,
    /// Install what is missing.
    #[arg(long, conflicts_with = "check")]
    install: bool,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    commits::set_hooks();
    if options.install {
        return ensure(options.consent);
    }
    report_all();
    let missing = Missing::look();
    if missing.is_empty() {
        output::line("Nothing is missing.");
        return Ok(());
    }
    bail!("{}\nInstall with: cargo xtask deps --install", missing.describe())
}

/// Installs what is missing, after asking.
pub(crate) fn ensure(consent: Consent) -> Result<()> {
    let missing = Missing::look();
    if missing.is_empty() {
        output::line("All tools and libraries are there.");
        return Ok(());
    }
    missing.install(consent)?;
    let missing = Missing::look();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("still missing after the installation:\n{}", missing.describe())
}

/// Installs a tool and packages that only one verb needs, after asking.
pub(crate) fn ensure_extra(tool: Tool, packages: &[Package], consent: Consent) -> Result<()> {
    let packages = packages.iter().filter(|package| !package.proof.holds()).copied();
    let tools = [tool].into_iter().filter(|tool| !tool.is_present());
    Missing { packages: packages.collect(), tools: tools.collect() }.install(consent)
}

/// What this machine lacks.
struct Missing {
    packages: Vec<Package>,
    tools: Vec<Tool>,
}

impl Missing {
    fn look() -> Missing {
        let tools: Vec<Tool> = Tool::ALL.into_iter().filter(|tool| !tool.is_present()).collect();
        // Only who lacks a tool needs what fetches tools.
        let fetch = if tools.is_empty() { &[] } else { FETCH };
        let packages = BUILD.iter().chain(DESKTOP).chain(fetch);
        Missing {
            packages: packages.filter(|package| !package.proof.holds()).copied().collect(),
            tools,
        }
    }

    /// Installs it, after asking.
    fn install(self, consent: Consent) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        if find_program("apt-get").is_none() && !self.packages.is_empty() {
            bail!(
                "{}\nThis is not a Debian system: install these by your own package manager, then try again",
                self.describe()
            );
        }
        output::line(&self.describe());
        if !consent.given() {
            match output::ask("Install them now?") {
                Some(true) => {}
                Some(false) => {
                    bail!("nothing was installed; `cargo xtask deps --check` lists what is missing")
                }
                None => bail!("nobody is here to ask: answer beforehand with `--yes`"),
            }
        }
        apt_install(&self.packages)?;
        self.tools.into_iter().try_for_each(Tool::install)
    }

    fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.tools.is_empty()
    }

    fn describe(&self) -> String {
        let mut lines = vec!["Missing on this machine:".to_owned()];
        for package in &self.packages {
            let Package { name, proof, purpose } = package;
            lines.push(format!("  {} ({purpose}): Debian package {name}", proof.name()));
        }
        for tool in &self.tools {
            lines.push(format!("  {}: goes into {}", tool.name(), tool.home()));
        }
        lines.join("\n")
    }
}

fn report_all() {
    for package in BUILD.iter().chain(DESKTOP) {
        let state = if package.proof.holds() { "ok     " } else { "MISSING" };
        output::line(&format!(
            "{state} {} ({}): {}",
            package.proof.name(),
            package.name,
            package.purpose
        ));
    }
    for tool in Tool::ALL {
        let state = if tool.is_present() { "ok     " } else { "MISSING" };
        output::line(&format!("{state} {}", tool.name()));
    }
}

fn apt_install(packages: &[Package]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let wait = format!("DPkg::Lock::Timeout={APT_LOCK_SECONDS}");
    apt_get(&["-o", &wait, "update", "--quiet"])?;
    let mut arguments = vec!["-o", &wait, "install", "--quiet", "-y", "--no-install-recommends"];
    arguments.extend(packages.iter().map(|package| package.name));
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut apt = if platform::is_root() {
        command::command("apt-get")?
    } else {
        let mut sudo = command::command("sudo")?;
        // sudo drops the environment, so the variable goes on its command line.
        sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    apt.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command::run_with(&mut apt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let missing = Missing { packages: vec![DESKTOP[0]], tools: vec![Tool::Deny] };
        let text = missing.describe();
        assert!(text.contains("Xvfb") && text.contains("Debian package xvfb"), "{text}");
        assert!(text.contains("cargo-deny: goes into target/tools"), "{text}");
    }
}

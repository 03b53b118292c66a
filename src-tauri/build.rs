//! Tauri's build step, which embeds the window's files.

use std::fs;
use std::path::Path;

/// Where Vite puts the window's files; `frontendDist` in `tauri.conf.json` says the same.
const UI_DIST: &str = "../ui/dist";

/// Stands in for the window until `npm run build` has made it, so that a fresh clone compiles.
const PLACEHOLDER: &str = "<!doctype html><title>Hotseat</title>\n\
     <p>The window was not built: run <code>npm ci && npm run build</code> in <code>ui/</code>, \
     then build Hotseat again.</p>\n";

fn main() {
    let dist = Path::new(UI_DIST);
    let page = dist.join("tray.html");
    if !page.exists() {
        fs::create_dir_all(dist).expect("the folder ui/dist can be made");
        fs::write(&page, PLACEHOLDER).expect("the folder ui/dist can be written");
    }
    println!("cargo:rerun-if-changed={UI_DIST}");
    tauri_build::build();
}

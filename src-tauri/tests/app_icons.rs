//! The program's own icon as every system wants it: `icons/icon.svg` is the drawing, the others
//! are painted from it. A file that is missing or shows something else is written anew, and the
//! test fails once so that somebody commits it.

use std::fs;
use std::path::{Path, PathBuf};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Sides in the Windows icon, in pixels: what the shell asks for from 100 % to 400 %.
const ICO_SIDES: [u32; 8] = [16, 20, 24, 32, 40, 48, 64, 256];

/// Kinds in the macOS icon, each a PNG of this side.
const ICNS_KINDS: [(&[u8; 4], u32); 5] =
    [(b"ic11", 32), (b"ic12", 64), (b"ic07", 128), (b"ic08", 256), (b"ic09", 512)];

/// How much one channel of a pixel may differ, of 255: renderers round differently.
const TOLERANCE: u8 = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("icons")
}

fn rendered(side: u32) -> Pixmap {
    let svg = fs::read_to_string(folder().join("icon.svg")).expect("the drawing is there");
    let tree = Tree::from_str(&svg, &Options::default()).expect("the drawing is an SVG");
    let mut picture = Pixmap::new(side, side).expect("an icon has a side");
    let scale = side as f32 / tree.size().width();
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture
}

fn png(side: u32) -> Vec<u8> {
    rendered(side).encode_png().expect("pixels can be written as PNG")
}

fn shows_the_drawing(png: &[u8], side: u32) -> bool {
    let Ok(kept) = Pixmap::decode_png(png) else { return false };
    let wanted = rendered(side);
    kept.width() == side
        && kept.height() == side
        && kept.data().iter().zip(wanted.data()).all(|(a, b)| a.abs_diff(*b) <= TOLERANCE)
}

/// Compares what is kept with the drawing, and writes it anew where it differs.
fn check(name: &str, shows: impl Fn(&[u8]) -> bool, new: impl Fn() -> Vec<u8>) {
    let path = folder().join(name);
    if !fs::read(&path).is_ok_and(|kept| shows(&kept)) {
        fs::write(&path, new()).expect("the folder of icons can be written");
        panic!("{} did not show icon.svg and has been written anew: commit it", path.display());
    }
}

#[test]
fn pictures_show_the_drawing() {
    for (name, side) in [("32x32.png", 32), ("128x128.png", 128), ("icon.png", 512)] {
        check(name, |kept| shows_the_drawing(kept, side), || png(side));
    }
}

#[test]
fn the_windows_icon_shows_the_drawing_in_every_size() {
    let shows = |kept: &[u8]| {
        let pictures = ico_pictures(kept).unwrap_or_default();
        let sides: Vec<u32> = pictures.iter().map(|(side, _)| *side).collect();
        sides == ICO_SIDES && pictures.iter().all(|(side, png)| shows_the_drawing(png, *side))
    };
    check("icon.ico", shows, || {
        let pictures = ICO_SIDES.map(|side| (side, png(side)));
        let mut file = vec![0, 0, 1, 0, u8::try_from(pictures.len()).unwrap(), 0];
        let mut at = file.len() + 16 * pictures.len();
        for (side, png) in &pictures {
            // 256 does not fit and is written as 0.
            let side = u8::try_from(*side).unwrap_or(0);
            file.extend([side, side, 0, 0, 1, 0, 32, 0]);
            file.extend(u32::try_from(png.len()).unwrap().to_le_bytes());
            file.extend(u32::try_from(at).unwrap().to_le_bytes());
            at += png.len();
        }
        pictures.iter().for_each(|(_, png)| file.extend(png));
        file
    });
}

/// Side and PNG of every picture in a Windows icon; nothing when it is none.
fn ico_pictures(file: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let count = usize::from(*file.get(4)?);
    let number = |at: usize| {
        let bytes = file.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    (0..count)
        .map(|index| {
            let entry = 6 + 16 * index;
            let side = match *file.get(entry)? {
                0 => 256,
                side => u32::from(side),
            };
            let (length, at) = (number(entry + 8)?, number(entry + 12)?);
            Some((side, file.get(at..at + length)?))
        })
        .collect()
}

#[test]
fn the_macos_icon_shows_the_drawing_in_every_size() {
    let shows = |kept: &[u8]| {
        let pictures = icns_pictures(kept).unwrap_or_default();
        pictures.len() == ICNS_KINDS.len()
            && pictures
                .iter()
                .zip(ICNS_KINDS)
                .all(|((kind, png), (wanted, side))| kind == wanted && shows_the_drawing(png, side))
    };
    check("icon.icns", shows, || {
        let mut body = Vec::new();
        for (kind, side) in ICNS_KINDS {
            let png = png(side);
            body.extend(kind);
            body.extend(u32::try_from(png.len() + 8).unwrap().to_be_bytes());
            body.extend(png);
        }
        let mut file = b"icns".to_vec();
        file.extend(u32::try_from(body.len() + 8).unwrap().to_be_bytes());
        file.extend(body);
        file
    });
}

/// Kind and PNG of every picture in a macOS icon; nothing when it is none.
fn icns_pictures(file: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut rest = file.strip_prefix(b"icns")?.get(4..)?;
    let mut pictures = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        pictures.push((rest.get(..4)?, rest.get(8..length)?));
        rest = rest.get(length..)?;
    }
    Some(pictures)
}

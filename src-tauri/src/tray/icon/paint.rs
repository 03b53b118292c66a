//! From a drawing to the pixels that a panel is given.

use resvg::{tiny_skia, usvg};

use super::{
    Icon, halo,
    masters::{Master, svg},
};

/// Largest side that is painted, in pixels; panels ask for far less.
pub const SIZE_MAX: u32 = 512;

/// Near black, the ink on a light panel.
const DARK: [u8; 3] = [0x1a, 0x1c, 0x1d];
/// Near white, the ink on a dark panel.
const LIGHT: [u8; 3] = [0xf1, 0xf1, 0xee];
/// The outline of the halo drawing.
const OUTLINE: u8 = 0xff;

/// What the drawing is painted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Dark on nothing, for a light panel.
    Dark,
    /// Light on nothing, for a dark panel.
    Light,
    /// Dark with a white outline, for a panel of unknown colour.
    Halo,
}

/// A square picture: red, green, blue and straight (not premultiplied) alpha, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Four bytes a pixel.
    pub pixels: Vec<u8>,
}

/// Paints a drawing at `size` × `size` pixels.
///
/// Sides below 16 are painted at 16 and sides above [`SIZE_MAX`] at that: no panel needs them.
pub fn paint(icon: Icon, size: u32, ink: Ink) -> Rgba {
    let size = size.clamp(16, SIZE_MAX);
    let mask = coverage(icon, size);
    let pixels = match ink {
        Ink::Dark => tint(&mask, DARK),
        Ink::Light => tint(&mask, LIGHT),
        Ink::Halo => outlined(&mask, size),
    };
    Rgba { width: size, height: size, pixels }
}

/// How much of each pixel the drawing covers, 0 to 255, row by row.
fn coverage(icon: Icon, size: u32) -> Vec<u8> {
    let master = Master::for_size(size);
    let tree = usvg::Tree::from_str(svg(icon, master), &usvg::Options::default())
        .expect("the drawings are built in and every one is parsed by the tests");
    let mut canvas = tiny_skia::Pixmap::new(size, size).expect("the side is between 16 and 512");
    resvg::render(&tree, placement(master, size), &mut canvas.as_mut());
    canvas.pixels().iter().map(|pixel| pixel.alpha()).collect()
}

/// Scales a master to `size`, keeping its whole pixels where a margin does it.
///
/// Two pixels more than the grid are a margin of one on each side: scaling would blur the legs.
fn placement(master: Master, size: u32) -> tiny_skia::Transform {
    let grid = master.grid();
    let margin = if size == grid + 2 { 1.0 } else { 0.0 };
    // Both are at most SIZE_MAX, which f32 holds exactly.
    let scale = (size as f32 - 2.0 * margin) / grid as f32;
    tiny_skia::Transform::from_scale(scale, scale).post_translate(margin, margin)
}

/// One colour, with the coverage as its alpha.
fn tint(mask: &[u8], [red, green, blue]: [u8; 3]) -> Vec<u8> {
    mask.iter().flat_map(|&alpha| [red, green, blue, alpha]).collect()
}

/// Dark ink over a white outline of one pixel (of the 22 grid; it grows with the picture).
fn outlined(mask: &[u8], size: u32) -> Vec<u8> {
    let radius = ((size + 11) / 22).max(1) as usize;
    let outline = halo::grow(mask, size as usize, radius);
    mask.iter().zip(outline).flat_map(|(&ink, outline)| over(ink, outline)).collect()
}

/// One pixel of dark ink over the white outline, straight alpha.
fn over(ink: u8, outline: u8) -> [u8; 4] {
    // The ink lies wholly inside the outline, so the outline's alpha is that of both.
    let alpha = outline.max(ink);
    let blend = |dark: u8| -> u8 {
        let (ink, alpha) = (u32::from(ink), u32::from(alpha).max(1));
        let mixed = (u32::from(dark) * ink + u32::from(OUTLINE) * (alpha - ink.min(alpha))) / alpha;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    [blend(DARK[0]), blend(DARK[1]), blend(DARK[2]), alpha]
}

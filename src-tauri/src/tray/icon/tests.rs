//! The drawings can be told apart by shape alone, at the sizes that panels use.

use super::{Icon, Ink, Rgba, SIZE_MAX, paint};

/// Least difference of two drawings at 22 px, in whole pixels of ink, under any shift by one.
const LEAST_AT_22: f64 = 32.0;
/// Least difference of two drawings at 16 px, in whole pixels of ink.
const LEAST_AT_16: f64 = 20.0;

/// The ink of a pixel, 0 to 255; nothing outside the picture.
fn alpha(picture: &Rgba, x: i32, y: i32) -> i32 {
    let side = i32::try_from(picture.width).unwrap();
    if x < 0 || y < 0 || x >= side || y >= side {
        return 0;
    }
    i32::from(picture.pixels[usize::try_from((y * side + x) * 4 + 3).unwrap()])
}

/// Sum of the differences in ink when `b` is moved by (dx, dy), in whole pixels.
fn difference(a: &Rgba, b: &Rgba, dx: i32, dy: i32) -> f64 {
    let side = i32::try_from(a.width).unwrap();
    // One more on every side, so that ink which is moved out still counts.
    let sum: i32 = (-1..=side)
        .flat_map(|y| (-1..=side).map(move |x| (x, y)))
        .map(|(x, y)| (alpha(a, x, y) - alpha(b, x - dx, y - dy)).abs())
        .sum();
    f64::from(sum) / 255.0
}

/// Ink of a whole picture, in whole pixels.
fn ink(picture: &Rgba) -> f64 {
    let sum: u32 = picture.pixels.chunks(4).map(|pixel| u32::from(pixel[3])).sum();
    f64::from(sum) / 255.0
}

/// Every pair of different drawings, each once, in one colour.
fn pairs(size: u32) -> Vec<(Icon, Rgba, Icon, Rgba)> {
    let mut pairs = Vec::new();
    for (index, &a) in Icon::ALL.iter().enumerate() {
        for &b in &Icon::ALL[index + 1..] {
            pairs.push((a, paint(a, size, Ink::Dark), b, paint(b, size, Ink::Dark)));
        }
    }
    pairs
}

/// The lowest difference of all pairs with its two names, over the given shifts.
fn closest(size: u32, shifts: std::ops::RangeInclusive<i32>) -> (f64, Icon, Icon) {
    let mut closest = (f64::MAX, Icon::Lost, Icon::Lost);
    for (a, a_picture, b, b_picture) in pairs(size) {
        for dx in shifts.clone() {
            for dy in shifts.clone() {
                let apart = difference(&a_picture, &b_picture, dx, dy);
                if apart < closest.0 {
                    closest = (apart, a, b);
                }
            }
        }
    }
    closest
}

#[test]
fn drawings_differ_at_22_px_even_when_shifted_by_a_pixel() {
    let (apart, a, b) = closest(22, -1..=1);
    println!("closest at 22 px: {a:?} and {b:?}, {apart:.1} px");
    assert!(apart >= LEAST_AT_22, "{a:?} and {b:?} differ by only {apart:.1} px at 22 px");
}

#[test]
fn drawings_differ_at_16_px() {
    let (apart, a, b) = closest(16, 0..=0);
    println!("closest at 16 px: {a:?} and {b:?}, {apart:.1} px");
    assert!(apart >= LEAST_AT_16, "{a:?} and {b:?} differ by only {apart:.1} px at 16 px");
}

#[test]
fn drawings_differ_at_every_size_that_a_panel_is_given() {
    for size in [24, 28, 32, 33, 44, 48] {
        let (apart, a, b) = closest(size, -1..=1);
        // The same share of the picture as at 22 px.
        let least = LEAST_AT_22 * f64::from(size * size) / f64::from(22 * 22);
        assert!(apart >= least, "{a:?} and {b:?} differ by {apart:.1} px at {size} px");
    }
}

#[test]
fn twice_the_size_is_twice_as_sharp() {
    let (once, twice) = (paint(Icon::NoSeat, 22, Ink::Dark), paint(Icon::NoSeat, 44, Ink::Dark));
    let grey =
        |picture: &Rgba| picture.pixels.chunks(4).filter(|p| !matches!(p[3], 0 | 255)).count();
    // A picture that was only enlarged would have four times as many half-covered pixels.
    assert!(grey(&twice) < 3 * grey(&once), "{} and {}", grey(&once), grey(&twice));
}

#[test]
fn a_bare_chair_is_about_71_pixels_of_ink() {
    let chair = ink(&paint(Icon::NoSeat, 22, Ink::Dark));
    assert!((69.0..=73.0).contains(&chair), "the bare chair has {chair:.1} px of ink");
}

#[test]
fn legs_and_seat_lie_on_whole_pixels() {
    let chair = paint(Icon::NoSeat, 22, Ink::Light);
    for (x, y, inked) in
        [(5, 17, 255), (6, 17, 255), (7, 17, 0), (4, 17, 0), (12, 13, 255), (12, 12, 0)]
    {
        assert_eq!(alpha(&chair, x, y), inked, "pixel {x},{y}");
    }
}

#[test]
fn twenty_four_is_the_22_drawing_with_a_margin() {
    let (small, large) = (paint(Icon::Holding, 22, Ink::Dark), paint(Icon::Holding, 24, Ink::Dark));
    for y in 0..22 {
        for x in 0..22 {
            assert_eq!(alpha(&small, x, y), alpha(&large, x + 1, y + 1), "pixel {x},{y}");
        }
    }
}

#[test]
fn every_drawing_stays_inside_its_picture_with_room_for_the_halo() {
    for icon in Icon::ALL {
        let picture = paint(icon, 22, Ink::Dark);
        let edge: i32 = (0..22).map(|i| alpha(&picture, i, 21) + alpha(&picture, 0, i)).sum();
        // Round caps may touch the outermost pixel, a stroke that is cut off may not.
        assert!(edge < 4 * 255, "{icon:?} has {edge} of ink on its left or lower edge");
    }
}

#[test]
fn inks_are_one_colour_and_the_halo_is_dark_within_white() {
    for icon in Icon::ALL {
        for (ink, colour) in [(Ink::Dark, [0x1a, 0x1c, 0x1d]), (Ink::Light, [0xf1, 0xf1, 0xee])] {
            let picture = paint(icon, 32, ink);
            assert!(picture.pixels.chunks(4).all(|pixel| pixel[..3] == colour));
        }
        let (plain, halo) = (paint(icon, 22, Ink::Dark), paint(icon, 22, Ink::Halo));
        let mut outline = 0;
        for (dark, both) in plain.pixels.chunks(4).zip(halo.pixels.chunks(4)) {
            assert!(both[3] >= dark[3], "{icon:?}: the halo has no less ink than the drawing");
            match dark[3] {
                255 => assert_eq!(both, [0x1a, 0x1c, 0x1d, 255]),
                0 if both[3] > 0 => {
                    assert_eq!(both[..3], [255; 3]);
                    outline += 1;
                }
                _ => {}
            }
        }
        assert!(outline > 40, "{icon:?} has only {outline} pixels of outline");
    }
}

#[test]
fn odd_sizes_are_bounded() {
    assert_eq!(paint(Icon::Lost, 0, Ink::Dark).width, 16);
    assert_eq!(paint(Icon::Lost, u32::MAX, Ink::Dark).height, SIZE_MAX);
    let odd = paint(Icon::Lost, 37, Ink::Halo);
    assert_eq!(odd.pixels.len(), 37 * 37 * 4);
}

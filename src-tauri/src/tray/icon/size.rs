//! How large the icon is painted.

/// What a panel of usual height shows on a screen of scale 1, in pixels.
const SIDE: f64 = 22.0;

/// Scales of desktops lie between these; what says something else is not believed.
const SCALES: std::ops::RangeInclusive<f64> = 1.0..=4.0;

/// The side, in pixels, for the largest of a desktop's scales: hosts make a picture smaller
/// without harm, and larger only with blur.
pub fn side_for(scales: impl IntoIterator<Item = f64>) -> u32 {
    let believed = scales.into_iter().filter(|scale| SCALES.contains(scale));
    let side = (SIDE * believed.fold(1.0, f64::max)).round();
    // Between 22 and 88, so nothing is cut off.
    side as u32
}

#[cfg(test)]
mod tests {
    use super::side_for;

    #[test]
    fn the_sharpest_screen_decides() {
        assert_eq!(side_for([]), 22);
        assert_eq!(side_for([1.0]), 22);
        assert_eq!(side_for([1.0, 2.0]), 44);
        assert_eq!(side_for([1.5]), 33);
        assert_eq!(side_for([1.25]), 28);
    }

    #[test]
    fn what_no_desktop_has_is_not_believed() {
        assert_eq!(side_for([0.0, f64::NAN, -2.0, 40.0, f64::INFINITY]), 22);
        assert_eq!(side_for([0.5]), 22);
    }
}

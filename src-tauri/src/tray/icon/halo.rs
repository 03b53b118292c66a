//! An outline around a drawing, for panels whose colour nobody tells us.

/// Grows a square mask (`side` × `side` coverages) by about `radius` pixels, with a soft outer edge.
///
/// The reach of a pixel is full up to `radius` and fades over the next one, so that a corner
/// stays round instead of becoming a square.
pub(super) fn grow(mask: &[u8], side: usize, radius: usize) -> Vec<u8> {
    let reach = weights(radius);
    let width = 2 * radius + 1;
    let mut grown = vec![0; mask.len()];
    for y in 0..side {
        for x in 0..side {
            let mut most = 0;
            for (index, weight) in reach.iter().enumerate() {
                let (row, column) = (y + index / width, x + index % width);
                // The window reaches over the edge of the picture, where there is no ink.
                let (Some(row), Some(column)) =
                    (row.checked_sub(radius), column.checked_sub(radius))
                else {
                    continue;
                };
                if row < side && column < side {
                    let ink = u16::from(mask[row * side + column]) * weight / 255;
                    most = most.max(ink);
                }
            }
            grown[y * side + x] = u8::try_from(most).unwrap_or(u8::MAX);
        }
    }
    grown
}

/// How much of a pixel's ink reaches each neighbour, 0 to 255, row by row.
fn weights(radius: usize) -> Vec<u16> {
    let width = 2 * radius + 1;
    let mut reach = Vec::with_capacity(width * width);
    for row in 0..width {
        for column in 0..width {
            let (dy, dx) = (row.abs_diff(radius), column.abs_diff(radius));
            // Distances in whole pixels are tiny here, so u16 and f32 lose nothing.
            let squared = u16::try_from(dx * dx + dy * dy).unwrap_or(u16::MAX);
            let limit = u16::try_from(radius).unwrap_or(u16::MAX);
            let fade = (f32::from(limit) + 1.0 - f32::from(squared).sqrt()).clamp(0.0, 1.0);
            reach.push((fade * 255.0) as u16);
        }
    }
    reach
}

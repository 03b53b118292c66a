//! Pictures of a private X server's screen.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, bail};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

/// A picture in red, green and blue, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// One entry per pixel.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The whole screen as it is now.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn of_screen(display: &str) -> Result<Picture> {
        let (connection, number) = x11rb::connect(Some(display))
            .with_context(|| format!("cannot connect to display {display}"))?;
        let screen = connection.setup().roots.get(number).context("the display has no screen")?;
        let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
        let image = connection
            .get_image(ImageFormat::Z_PIXMAP, screen.root, 0, 0, width, height, !0)?
            .reply()?;
        // Our X servers have 24 bits in 4 bytes: blue, green, red, nothing.
        let pixels: Vec<[u8; 3]> =
            image.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        let picture = Picture { width: usize::from(width), height: usize::from(height), pixels };
        if picture.pixels.len() != picture.width * picture.height {
            bail!("display {display} does not have 24 bits in 4 bytes for each pixel");
        }
        Ok(picture)
    }

    /// The colour at a place, `None` outside.
    pub fn at(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        if x >= self.width { None } else { self.pixels.get(y * self.width + x).copied() }
    }

    /// How many pixels have this colour.
    pub fn count(&self, colour: [u8; 3]) -> usize {
        self.pixels.iter().filter(|pixel| **pixel == colour).count()
    }

    /// Where `part` stands in this picture, to the pixel; `None` entries of `part` may be anything.
    /// `width` is the length of the part's rows.
    pub fn find(&self, part: &[Option<[u8; 3]>], width: usize) -> Option<(usize, usize)> {
        let height = part.len().checked_div(width)?;
        let places = (0..=self.height.checked_sub(height)?)
            .flat_map(|y| (0..=self.width.saturating_sub(width)).map(move |x| (x, y)));
        let fits = |&(x, y): &(usize, usize)| {
            part.iter().enumerate().all(|(place, wanted)| {
                wanted.is_none_or(|colour| {
                    self.at(x + place % width, y + place / width) == Some(colour)
                })
            })
        };
        places.into_iter().find(fits)
    }

    /// A part of it; what of the part lies outside is left away.
    #[must_use]
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Picture {
        let width = width.min(self.width.saturating_sub(x));
        let height = height.min(self.height.saturating_sub(y));
        let rows = (y..y + height).map(|row| row * self.width + x);
        let pixels =
            rows.flat_map(|start| self.pixels[start..start + width].iter().copied()).collect();
        Picture { width, height, pixels }
    }

    /// Writes it as a PNG file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: [u8; 3] = [255, 0, 0];
    const PAPER: [u8; 3] = [255, 255, 255];

    #[test]
    fn a_part_is_found_where_it_stands() {
        let mut picture = Picture { width: 5, height: 4, pixels: vec![PAPER; 20] };
        picture.pixels[2 * 5 + 3] = INK;
        assert_eq!(picture.find(&[Some(INK), Some(PAPER)], 2), Some((3, 2)));
        assert_eq!(picture.find(&[None, Some(INK)], 2), Some((2, 2)));
        assert_eq!(picture.find(&[Some(INK), Some(INK)], 2), None);
        assert_eq!(picture.count(INK), 1);
        let part = picture.crop(3, 1, 10, 2);
        assert_eq!((part.width, part.height, part.at(0, 1)), (2, 2, Some(INK)));
    }
}

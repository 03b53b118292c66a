//! Cuts what is told into frames that a link carries.

use hotseat_protocol::link::{LINK_FRAME_BYTES_MAX, Projected};

/// Bytes of items in one frame: half of what a frame may have, so that what is around them and
/// one item more always fit.
const PAGE_BYTES: usize = LINK_FRAME_BYTES_MAX / 2;

/// The items in pages, at least one, in order.
pub(super) fn pages(items: Vec<Projected>) -> Vec<Vec<Projected>> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut bytes: usize = 0;
    for item in items {
        let size = serde_json::to_vec(&item).map_or(0, |json| json.len());
        if bytes.saturating_add(size) > PAGE_BYTES && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            bytes = 0;
        }
        bytes = bytes.saturating_add(size);
        page.push(item);
    }
    pages.push(page);
    pages
}

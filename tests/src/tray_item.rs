//! The tray as its desktop sees it: the status icon and the menu that it exports on the session bus.

use std::collections::HashMap;

use anyhow::{Context, Result};
use zbus::fdo::DBusProxy;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, OwnedVariant, Proxy, Variant};

use crate::bus::Bus;
use crate::waiting::wait_for;

const ITEM_PATH: &str = "/StatusNotifierItem";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU_PATH: &str = "/MenuBar";
const MENU: &str = "com.canonical.dbusmenu";

/// Quit, as long as it signs off.
pub(crate) const QUIT: &str = "Quit and sign off";

/// One entry of a menu as a host draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// The id that clicks name it by.
    pub id: i32,
    /// Its text; a separator has none.
    pub label: String,
    /// Whether it can be pressed.
    pub enabled: bool,
    /// The entries of its submenu.
    pub items: Vec<MenuItem>,
}

/// A picture in alpha, red, green and blue, as hosts are given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    /// Pixels in a row.
    pub width: i32,
    /// Rows.
    pub height: i32,
    /// Four bytes a pixel: alpha, red, green, blue.
    pub argb: Vec<u8>,
}

/// The status icon of one process.
#[derive(Clone, Debug)]
pub struct TrayItem {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

impl TrayItem {
    /// Waits until a process has a status icon on this bus.
    ///
    /// # Errors
    /// If it never has.
    pub async fn of_process(bus: &Bus, process: u32) -> Result<TrayItem> {
        let connection = bus.connect().await?;
        wait_for(&format!("process {process} has a status icon"), async || {
            TrayItem::find(&connection, process).await
        })
        .await
    }

    /// The status icon of a process, if it has one now.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn find(connection: &Connection, process: u32) -> Result<Option<TrayItem>> {
        let bus = DBusProxy::new(connection).await?;
        let prefix = format!("org.kde.StatusNotifierItem-{process}-");
        let names = bus.list_names().await?;
        let Some(name) = names.iter().find(|name| name.starts_with(&prefix)) else {
            return Ok(None);
        };
        let name = name.to_string();
        Ok(Some(TrayItem {
            // Asked anew each time, so that no answer is older than the question.
            item: Builder::new(connection)
                .destination(name.clone())
                .path(ITEM_PATH)
                .interface(ITEM)
                .cache_properties(CacheProperties::No)
                .build()
                .await?,
            menu: Proxy::new(connection, name, MENU_PATH, MENU).await?,
        }))
    }

    /// What hovering shows.
    ///
    /// # Errors
    /// If the tray is gone.
    pub async fn tooltip(&self) -> Result<String> {
        type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let (_, _, _, text): ToolTip = self.item.get_property("ToolTip").await?;
        Ok(text)
    }

    /// The icon's pixels.
    ///
    /// # Errors
    /// If the tray is gone or shows no picture.
    pub async fn pixmap(&self) -> Result<Pixmap> {
        let pictures: Vec<(i32, i32, Vec<u8>)> = self.item.get_property("IconPixmap").await?;
        let (width, height, argb) = pictures.into_iter().next().context("no picture")?;
        Ok(Pixmap { width, height, argb })
    }

    /// The whole menu, top to bottom.
    ///
    /// # Errors
    /// If the tray is gone.
    pub async fn menu(&self) -> Result<Vec<MenuItem>> {
        let wanted: Vec<&str> = Vec::new();
        let (_, root): (u32, Layout) = self.menu.call("GetLayout", &(0, -1, wanted)).await?;
        Ok(read(root)?.items)
    }

    /// The menu's texts, top to bottom, without separators; what cannot be pressed is in brackets.
    ///
    /// # Errors
    /// If the tray is gone.
    pub async fn words(&self) -> Result<Vec<String>> {
        let mut words = Vec::new();
        write(&self.menu().await?, &mut words);
        Ok(words)
    }

    /// Presses an item, in whichever submenu it is, as a host does: also when it is disabled.
    ///
    /// # Errors
    /// If there is no such item or the tray is gone.
    pub async fn press(&self, label: &str) -> Result<()> {
        let items = self.menu().await?;
        let id = find(&items, label).with_context(|| format!("no item {label:?} in {items:?}"))?;
        let nothing = Variant::from(0i32);
        self.menu.call::<_, _, ()>("Event", &(id, "clicked", nothing, 0u32)).await?;
        Ok(())
    }

    /// Waits until the menu has this item, pressable or not.
    ///
    /// # Errors
    /// If it never has, or the tray is gone.
    pub async fn wait_for_item(&self, label: &str) -> Result<()> {
        wait_for(&format!("the menu has {label:?}"), async || {
            Ok(self.words().await?.iter().any(|word| word == label).then_some(()))
        })
        .await
    }

    /// Presses Quit of a tray whose person holds a seat. It may be gone before it answers; what
    /// became of it is for the caller to look at.
    ///
    /// # Errors
    /// If there is no such item, or the tray was gone before.
    pub async fn quit(&self) -> Result<()> {
        match self.press(QUIT).await {
            Err(error) if is_gone_without_answer(&error) => Ok(()),
            pressed => pressed,
        }
    }

    /// Clicks the icon itself.
    ///
    /// # Errors
    /// If the tray is gone.
    pub async fn activate(&self) -> Result<()> {
        Ok(self.item.call("Activate", &(0i32, 0i32)).await?)
    }

    /// Waits until the tooltip is this text; the menu's first line then says the same.
    ///
    /// # Errors
    /// If it never is; the message says what it is instead.
    pub async fn wait_for_line(&self, line: &str) -> Result<()> {
        let mut last = String::new();
        let waited = wait_for(&format!("the tray says {line:?}"), async || {
            last = self.tooltip().await?;
            let first = self.words().await?.into_iter().next();
            Ok((last == line && first == Some(format!("[{line}]"))).then_some(()))
        })
        .await;
        waited.with_context(|| format!("it says {last:?}"))
    }
}

/// What a bus answers for somebody who leaves it with a question open.
fn is_no_reply(error: &zbus::fdo::Error) -> bool {
    matches!(error, zbus::fdo::Error::NoReply(_))
}

fn is_gone_without_answer(error: &anyhow::Error) -> bool {
    let told = error.downcast_ref::<zbus::Error>();
    told.is_some_and(|told| matches!(told, zbus::Error::FDO(told) if is_no_reply(told)))
}

/// A node of dbusmenu: id, properties, children as variants.
type Layout = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

fn read((id, properties, children): Layout) -> Result<MenuItem> {
    let text = |name: &str| {
        let value = properties.get(name)?.try_clone().ok()?;
        String::try_from(value).ok()
    };
    let enabled =
        properties.get("enabled").and_then(|value| bool::try_from(value).ok()).unwrap_or(true);
    let items =
        children.into_iter().map(|child| read(Layout::try_from(child)?)).collect::<Result<_>>()?;
    Ok(MenuItem {
        id,
        // Doubled, an underscore is no shortcut.
        label: text("label").unwrap_or_default().replace("__", "_"),
        enabled,
        items,
    })
}

fn write(items: &[MenuItem], words: &mut Vec<String>) {
    for item in items {
        if !item.label.is_empty() {
            words.push(if item.enabled { item.label.clone() } else { format!("[{}]", item.label) });
        }
        write(&item.items, words);
    }
}

fn find(items: &[MenuItem], label: &str) -> Option<i32> {
    items
        .iter()
        .find_map(|item| if item.label == label { Some(item.id) } else { find(&item.items, label) })
}

//! Windows: pipes have a name space of their own, files have access lists.

use std::os::windows::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

/// The pipe of a machine whose things lie in a directory: named after it, so that two machines of
/// two tests never share one.
pub(crate) fn socket_of(dir: &Path) -> PathBuf {
    let name = dir.file_name().expect("a temporary directory has a name").to_string_lossy();
    PathBuf::from(format!(r"\\.\pipe\hotseat-test-{name}"))
}

/// Sees that no group of people may read it.
pub(crate) fn assert_private(path: &Path) {
    let list = access_list(path);
    // Everyone, users, those who logged in, those who logged in here.
    for people in ["WD", "BU", "AU", "IU"] {
        assert!(!list.contains(&format!(";;;{people})")), "{}: {list}", path.display());
    }
}

#[expect(unsafe_code, reason = "the Windows API is foreign code")]
fn access_list(path: &Path) -> String {
    let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut descriptor = ptr::null_mut();
    let mut text = ptr::null_mut();
    let mut length = 0;
    // SAFETY: the name ends with a zero; both results are checked, read within their length, and
    // freed once.
    unsafe {
        let none = ptr::null_mut();
        let error = GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            none,
            none,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut descriptor,
        );
        assert_eq!(error, 0, "{}", path.display());
        let told = ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            &raw mut length,
        );
        assert_ne!(told, 0, "{}", path.display());
        let words = std::slice::from_raw_parts(text, usize::try_from(length).unwrap());
        let list = String::from_utf16_lossy(words);
        LocalFree(text.cast());
        LocalFree(descriptor);
        list
    }
}

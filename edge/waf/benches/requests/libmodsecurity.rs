//! libmodsecurity 3, loaded when it is installed.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
};

use super::Request;

type Pointer = *mut c_void;

/// The library with the rules loaded.
pub struct Library {
    engine: Pointer,
    rules: Pointer,
    new_transaction: unsafe extern "C" fn(Pointer, Pointer, Pointer) -> Pointer,
    connection: unsafe extern "C" fn(Pointer, *const c_char, c_int, *const c_char, c_int) -> c_int,
    uri: unsafe extern "C" fn(Pointer, *const c_char, *const c_char, *const c_char) -> c_int,
    header: unsafe extern "C" fn(Pointer, *const u8, usize, *const u8, usize) -> c_int,
    headers: unsafe extern "C" fn(Pointer) -> c_int,
    append: unsafe extern "C" fn(Pointer, *const u8, usize) -> c_int,
    body: unsafe extern "C" fn(Pointer) -> c_int,
    logging: unsafe extern "C" fn(Pointer) -> c_int,
    cleanup: unsafe extern "C" fn(Pointer),
}

extern "C" fn ignore(_: Pointer, _: *const c_void) {}

/// A function of the library.
///
/// # Safety
/// `F` must be the function pointer type of the symbol.
unsafe fn symbol<F: Copy>(library: Pointer, name: &CStr) -> Result<F, String> {
    // SAFETY: both arguments are valid; the result is checked before it is used.
    let found = unsafe { libc::dlsym(library, name.as_ptr()) };
    if found.is_null() {
        return Err(format!("it has no function {}", name.to_string_lossy()));
    }
    assert_eq!(size_of::<F>(), size_of::<Pointer>());
    // SAFETY: the caller vouches for the type, the size was checked.
    Ok(unsafe { std::mem::transmute_copy(&found) })
}

impl Library {
    /// Loads library and rules; the error says why there is nothing to compare with.
    pub fn load(configuration: &str) -> Result<Self, String> {
        // SAFETY: the types are those of `modsecurity.h` of version 3; pointers passed live
        // through the calls.
        unsafe {
            let library = libc::dlopen(c"libmodsecurity.so.3".as_ptr(), libc::RTLD_NOW);
            if library.is_null() {
                return Err("libmodsecurity.so.3 is not installed".into());
            }
            let init: unsafe extern "C" fn() -> Pointer = symbol(library, c"msc_init")?;
            let log: unsafe extern "C" fn(Pointer, extern "C" fn(Pointer, *const c_void)) =
                symbol(library, c"msc_set_log_cb")?;
            let create: unsafe extern "C" fn() -> Pointer =
                symbol(library, c"msc_create_rules_set")?;
            let add: unsafe extern "C" fn(Pointer, *const c_char, *mut *const c_char) -> c_int =
                symbol(library, c"msc_rules_add")?;
            let engine = init();
            log(engine, ignore);
            let rules = create();
            let text = CString::new(configuration).map_err(|e| e.to_string())?;
            let mut error = ptr::null();
            if add(rules, text.as_ptr(), &raw mut error) < 0 {
                return Err(format!("its rules do not load: {:?}", CStr::from_ptr(error)));
            }
            Ok(Self {
                engine,
                rules,
                new_transaction: symbol(library, c"msc_new_transaction")?,
                connection: symbol(library, c"msc_process_connection")?,
                uri: symbol(library, c"msc_process_uri")?,
                header: symbol(library, c"msc_add_n_request_header")?,
                headers: symbol(library, c"msc_process_request_headers")?,
                append: symbol(library, c"msc_append_request_body")?,
                body: symbol(library, c"msc_process_request_body")?,
                logging: symbol(library, c"msc_process_logging")?,
                cleanup: symbol(library, c"msc_transaction_cleanup")?,
            })
        }
    }

    /// Runs the request phases and the logging phase.
    pub fn evaluate(&self, request: &Request) -> c_int {
        let uri = CString::new(request.uri.as_str()).unwrap();
        let method = CString::new(request.method).unwrap();
        // SAFETY: as in `load`; the transaction is used until it is cleaned up.
        unsafe {
            let transaction = (self.new_transaction)(self.engine, self.rules, ptr::null_mut());
            (self.connection)(
                transaction,
                c"192.0.2.7".as_ptr(),
                40_000,
                c"192.0.2.7".as_ptr(),
                443,
            );
            (self.uri)(transaction, uri.as_ptr(), method.as_ptr(), c"1.1".as_ptr());
            for (name, value) in &request.headers {
                (self.header)(transaction, name.as_ptr(), name.len(), value.as_ptr(), value.len());
            }
            (self.headers)(transaction);
            if !request.body.is_empty() {
                (self.append)(transaction, request.body.as_ptr(), request.body.len());
            }
            let status = (self.body)(transaction);
            (self.logging)(transaction);
            (self.cleanup)(transaction);
            status
        }
    }
}

//! What is wrong with settings is told with the key, and never with a value that may be secret.

use super::read;

#[test]
fn wrong_settings_are_named() {
    let http = [("type", "http"), ("http.url", "https://example.com/hook")];
    let mail = [
        ("type", "mail"),
        ("mail.from", "a@example.com"),
        ("mail.to", "b@example.com"),
        ("mail.host", "mail.example.com"),
        ("mail.port", "587"),
    ];
    let one_address = "the address of a mailbox, such as ops@example.com or Ops <ops@example.com>";
    let addresses = "addresses of mailboxes, such as ops@example.com, separated by commas";
    let header = "a name and a value that a header can have";
    for (good, key, value, expected) in [
        (&http[..], "http.url", "example.com", "an address such as https://example.com/alerts"),
        (&http, "http.url", "ftp://example.com/x", "an address such as https://example.com/alerts"),
        (&http, "http.method", "GET", "POST, PUT or PATCH, for a notification is sent as a body"),
        (&http, "http.headers.X Y", "1", header),
        (&http, "http.headers.X-Key", "a\nb", header),
        (&mail, "mail.from", "nobody", one_address),
        (&mail, "mail.to", "b@example.com; c@example.com", addresses),
        (&mail, "mail.cc", "[\"x\"]", addresses),
        (&mail, "mail.port", "smtp", "the number of a port, such as 587"),
    ] {
        let error = read(&[good, &[(key, value)]].concat()).unwrap_err();
        assert_eq!(error, format!("notification.{key}: expected {expected}"));
        assert!(matches!(read(good), Ok(Some(_))));
    }
    for (good, key) in [
        (&http[..], "http.url"),
        (&mail, "mail.from"),
        (&mail, "mail.to"),
        (&mail, "mail.host"),
        (&mail, "mail.port"),
    ] {
        let message = format!("Parameter 'notification.{key}' is required but not set");
        assert_eq!(read(&[good, &[(key, " ")]].concat()).unwrap_err(), message);
    }
    let message = "Expected 'true' or 'false' for key 'notification.mail.tls' but got \"maybe\" (string)";
    assert_eq!(read(&[&mail[..], &[("mail.tls", "maybe")]].concat()).unwrap_err(), message);
    let message =
        "notification.type: 'pigeon' is not known; use 'mail', 'http' or 'shell', or remove the key.";
    assert_eq!(read(&[("type", "pigeon")]).unwrap_err(), message);
    assert_eq!(read(&[]), Ok(None));
}

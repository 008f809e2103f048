// SPDX-License-Identifier: Apache-2.0
//! Which hosts no proxy stands before.

use super::is_local;

#[test]
fn this_machine_and_its_metadata_are_local() {
    for uri in [
        "http://127.0.0.1:8000/",
        "http://127.0.0.1",
        "http://localhost:8000/x",
        "http://LOCALHOST",
        "http://[::1]:8000/",
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.170.2/v2",
        "http://[fd00:ec2::254]/latest",
    ] {
        assert!(is_local(uri), "{uri}");
    }
    for uri in [
        "http://example.com/",
        "http://10.0.0.1:8000/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://example.com/127.0.0.1",
        "",
    ] {
        assert!(!is_local(uri), "{uri}");
    }
}

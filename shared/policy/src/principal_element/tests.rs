// SPDX-License-Identifier: Apache-2.0
//! Which entries there are, and how closely each names each caller.

use super::*;

fn naming(account: bool, behind: bool, itself: bool) -> Naming {
    Naming {
        account,
        behind,
        itself,
    }
}

const ROOT: &str = "arn:aws:iam::111122223333:root";
const USER: &str = "arn:aws:iam::111122223333:user/ada";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";
const NAMESAKE: &str = "arn:aws:iam::111122223333:role/ada";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r/s";
const GUEST: &str = "arn:aws:sts::111122223333:federated-user/ada";
const IDP: &str = "arn:aws:iam::111122223333:saml-provider/idp";
const LAMBDA: &str = "lambda.amazonaws.com";

/// How an entry under `AWS` names each of the callers, those that it doesn't left out.
#[track_caller]
fn names(pattern: &PrincipalPattern) -> Vec<(&'static str, Naming)> {
    let all = [ROOT, USER, ROLE, NAMESAKE, SESSION, GUEST, IDP, LAMBDA, "*"];
    let named = all.map(|caller| (caller, pattern.names(&caller.parse().unwrap())));
    named
        .into_iter()
        .filter(|(_, naming)| naming.is_any())
        .collect()
}

#[test]
fn each_entry_names_whom_it_should_and_nobody_else() {
    let aws = |text| PrincipalPattern::aws(text).unwrap();
    let (account, behind) = (naming(true, false, false), naming(false, true, false));
    let itself = naming(false, false, true);

    for whole in [ROOT, "111122223333"] {
        let owner = (ROOT, naming(true, false, true));
        let others = [USER, ROLE, NAMESAKE, SESSION, GUEST].map(|caller| (caller, account));
        assert_eq!(names(&aws(whole)), [[owner].as_slice(), &others].concat());
    }
    assert_eq!(names(&aws("arn:aws:iam::444455556666:root")), []);
    assert_eq!(names(&aws(USER)), [(USER, itself)]);
    assert_eq!(names(&aws("arn:aws:iam::111122223333:user/bob")), []);
    assert_eq!(names(&aws("arn:aws:iam::444455556666:user/ada")), []);
    assert_eq!(names(&aws(ROLE)), [(ROLE, behind), (SESSION, behind)]);
    assert_eq!(names(&aws("arn:aws:iam::444455556666:role/r")), []);
    assert_eq!(names(&aws(SESSION)), [(SESSION, itself)]);
    assert_eq!(names(&aws(GUEST)), [(GUEST, itself)]);
    assert_eq!(names(&aws("AROAEXAMPLEEXAMPLE12")), []);
    assert_eq!(names(&aws("*")).len(), 9);
    let service = |text| PrincipalPattern::service(text).unwrap();
    assert_eq!(names(&service(LAMBDA)), [(LAMBDA, itself)]);
    assert_eq!(names(&service("ec2.amazonaws.com")), []);
    assert_eq!(names(&service("*")), [(LAMBDA, itself)]);
    let federated = |text| PrincipalPattern::federated(text).unwrap();
    assert_eq!(names(&federated(IDP)), [(IDP, itself)]);
    assert_eq!(names(&federated(LAMBDA)), []);
    assert_eq!(names(&federated("*")), [(IDP, itself)]);
}

#[test]
fn what_is_no_entry_is_refused() {
    for text in [
        "",
        "ada",
        "11112222333",
        "11112222333a",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/?",
        "arn:aws:iam::111122223333:role/${x}",
        "arn:aws:iam::111122223333:roof",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam:::role/r",
        "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:sts::111122223333:federated-user/",
        "arn:aws:s3::111122223333:role/r",
        "AROAEXAMPLE",
        "aroaexampleexample12",
        "AROAexampleEXAMPLE12",
        "XROAEXAMPLEEXAMPLE12",
    ] {
        assert_eq!(PrincipalPattern::aws(text), None, "{text}");
    }
    for text in ["", "lambda", "a b.c", "*.amazonaws.com", "a?.c", "a:b.c"] {
        assert_eq!(PrincipalPattern::service(text), None, "{text}");
    }
    for text in ["", "a b", "idp*", "id?"] {
        assert_eq!(PrincipalPattern::federated(text), None, "{text}");
    }
}

#[test]
fn who_is_left_out_of_a_deny_is_listed_in_every_way() {
    let least = [
        (ROOT, naming(false, false, true)),
        (USER, naming(true, false, true)),
        (ROLE, naming(true, true, false)),
        (SESSION, naming(true, true, true)),
        (GUEST, naming(true, false, true)),
        (IDP, naming(false, false, true)),
        (LAMBDA, naming(false, false, true)),
        ("*", naming(false, false, true)),
    ];
    for (caller, least) in least {
        let principal: Principal = caller.parse().unwrap();
        for ways in 0..8_u8 {
            let given = naming(ways & 1 > 0, ways & 2 > 0, ways & 4 > 0);
            let enough = (given.account || !least.account)
                && (given.behind || !least.behind)
                && (given.itself || !least.itself);
            assert_eq!(given.exempts(&principal), enough, "{caller} {given:?}");
        }
    }
}

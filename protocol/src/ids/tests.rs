//! Ids and names as texts.

use super::*;

#[test]
fn an_epoch_is_one_text() {
    let epoch = Epoch { generation: Generation(0x1f0a_77c2), seq: Seq(4711) };
    assert_eq!(epoch.to_string(), "1f0a77c2.4711");
    assert_eq!("1f0a77c2.4711".parse(), Ok(epoch));
    for bad in [
        "",
        ".",
        "1f0a77c2",
        "x.1",
        "1f0a77c2.-1",
        "1f0a77c2.+1",
        "+f0a77c2.1",
        "1F0A77C2.1",
        "f0a77c2.1",
        "1f0a77c2.01",
        "1f0a77c2.10000000000000000000",
        "1f0a77c2.1\n",
    ] {
        assert!(bad.parse::<Epoch>().is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn an_epoch_covers_only_earlier_ones_of_its_generation() {
    let at = |generation, seq| Epoch { generation: Generation(generation), seq: Seq(seq) };
    assert!(at(1, 5).covers(at(1, 5)));
    assert!(at(1, 5).covers(at(1, 4)));
    assert!(!at(1, 5).covers(at(1, 6)));
    assert!(!at(1, 5).covers(at(2, 4)));
}

#[test]
fn an_id_is_written_with_hyphens() {
    let id = "6f2c7c3e-0c0f-4f5a-9d52-0a4a3f8f6a01";
    assert_eq!(id.parse::<SeatId>().unwrap().to_string(), id);
    assert!(id.to_uppercase().parse::<SeatId>().is_ok());
    for bad in [id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}"), "7".to_owned()]
    {
        assert!(bad.parse::<SeatId>().is_err(), "{bad:?} was accepted");
        assert!(serde_json::from_value::<SeatId>(bad.into()).is_err());
    }
}

#[test]
fn names_are_short_and_lower_case() {
    assert!(PoolId::new("infor-crm").is_ok());
    for bad in ["", "Infor", "a b", "-a", "é", &"a".repeat(65)] {
        assert!(PoolId::new(bad).is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn a_wall_time_is_rfc_3339_on_the_wire() {
    let time = WallTime { unix_ms: 1_700_000_000_123 };
    assert_eq!(time.to_string(), "2023-11-14T22:13:20.123Z");
    let json = serde_json::to_string(&time).unwrap();
    assert_eq!(serde_json::from_str::<WallTime>(&json).unwrap(), time);
}

#[test]
fn a_secret_does_not_show_itself() {
    assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
}

//! Where a secret may be sent: an address as written becomes a target, and an address of the network is judged.
//!
//! Pure: nothing is resolved here. What resolves names asks [`AddressPolicy::allows`] for every answer it gets. Ranges are
//! those of the special-purpose registries of IANA (RFC 6890 and its successors).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The distance a secret may travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether into private networks, as to a helpdesk in one's own house.
    pub private_network: bool,
    /// Whether to hosts that are spelled in Punycode, which may look like others.
    pub punycode_host: bool,
}

/// The reason why an address is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAddress {
    /// Whether it is because of something secret in it.
    pub is_secret: bool,
    /// The problem.
    pub message: String,
    /// The text to write instead.
    pub help: String,
}

/// The use of a network address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddressClass {
    Public,
    ThisMachine,
    Private,
    /// Neighbours on the wire, cloud metadata, addresses in disguise, and reserved ranges.
    Forbidden,
}

impl AddressPolicy {
    /// Whether a host of this name may be reached at this address. Only a host that is named so is this machine: a
    /// public name that leads here was bent.
    pub fn allows(self, host: &str, address: IpAddr) -> bool {
        match realm(address) {
            AddressClass::Public => true,
            AddressClass::ThisMachine => is_this_machine(host),
            AddressClass::Private => self.private_network,
            AddressClass::Forbidden => false,
        }
    }

    /// The address of a service as it is used: https, or this machine, and nothing in it but host, port and path.
    pub fn read(self, url: &str) -> Result<String, RefusedAddress> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let is_odd = |sign: char| {
            !sign.is_ascii_graphic() || matches!(sign, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
        };
        if authority.contains('@') {
            let help =
                "take out what stands before the `@`; the access key goes into a variable of the environment";
            return Err(refused(true, "the address has a name or password in it", help));
        }
        if url.contains(['?', '#']) {
            let help =
                "end it with the path, such as /sd; the access key goes into a variable of the environment";
            return Err(refused(true, "the address has a query or fragment in it", help));
        }
        if authority.chars().any(|sign| sign.is_alphanumeric() && !sign.is_ascii()) {
            let help = "write it in Punycode (xn--…), with `punycode_host: true` beside it";
            return Err(refused(false, "the host has letters that may look like others", help));
        }
        if url.chars().any(is_odd) || !matches!(scheme, "https" | "http") || authority.is_empty() {
            return Err(refused(false, "this is no address", "write it as https://acme.itsm365.com/sd"));
        }
        let host = self.host(authority)?;
        if scheme == "http" && !is_this_machine(host) {
            let help = "write an address that begins with https://; http is for this machine alone";
            return Err(refused(false, "the access key would travel in clear text", help));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    fn host(self, authority: &str) -> Result<&str, RefusedAddress> {
        let no_host = || {
            refused(
                false,
                format!("`{authority}` is no host"),
                "write it as acme.itsm365.com, with `:8443` behind it where there is a port",
            )
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(no_host)?;
                (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("443")))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, Some("443")),
            },
        };
        let port: u16 =
            port.and_then(|port| port.parse().ok()).filter(|port| *port > 0).ok_or_else(no_host)?;
        if authority.contains(&format!(":0{port}")) || authority.contains(":+") {
            return Err(no_host());
        }
        let address = if authority.starts_with('[') {
            Some(IpAddr::V6(host.parse().map_err(|_| no_host())?))
        } else {
            self.name(host).ok_or_else(no_host)??
        };
        match address {
            Some(address) if !self.allows(host, address) => Err(Self::out_of_reach(host, address)),
            _ => Ok(host),
        }
    }

    /// The address that a host is written as, if it is one and no name; nothing where it is neither.
    fn name(self, host: &str) -> Option<Result<Option<IpAddr>, RefusedAddress>> {
        let labels: Vec<&str> = host.split('.').collect();
        let is_label = |label: &&str| {
            let letters = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(letters)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !labels.iter().all(is_label) || host.len() > 253 {
            return None;
        }
        let last = labels.last()?;
        // What ends in a number is read as an address, in octal and hexadecimal too, by whoever resolves it.
        if last.starts_with(|sign: char| sign.is_ascii_digit()) {
            return host.parse::<Ipv4Addr>().ok().map(|address| Ok(Some(IpAddr::V4(address))));
        }
        if labels.iter().any(|label| label.starts_with("xn--")) && !self.punycode_host {
            let help = "if it is the right one, write `punycode_host: true` beside it";
            return Some(Err(refused(
                false,
                "the host is spelled in Punycode, and may look like another",
                help,
            )));
        }
        if labels.len() == 1 && host != "localhost" && !self.private_network {
            let help =
                "write the whole name; a name of one's own network needs `private_network: true` beside it";
            return Some(Err(refused(false, format!("`{host}` is a name of a private network"), help)));
        }
        Some(Ok(None))
    }

    fn out_of_reach(host: &str, address: IpAddr) -> RefusedAddress {
        let message = format!("`{host}` is no address of the public network");
        if realm(address) == AddressClass::Private {
            return refused(
                false,
                message,
                "a helpdesk in one's own house needs `private_network: true` beside it",
            );
        }
        refused(false, message, "write the name of the helpdesk's host")
    }
}

fn refused(is_secret: bool, message: impl Into<String>, help: &str) -> RefusedAddress {
    RefusedAddress { is_secret, message: message.into(), help: help.to_owned() }
}

/// Whether a host is the machine itself, by the way it is written, also as `[::1]` in an address.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost"
        || host.parse().is_ok_and(|address: IpAddr| realm(address) == AddressClass::ThisMachine)
}

fn realm(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => realm_of_v4(address),
        IpAddr::V6(address) => realm_of_v6(address),
    }
}

fn realm_of_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [127, ..] => AddressClass::ThisMachine,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => AddressClass::Private,
        // Nowhere, the link, protocols, documentation, benchmarks, many at once, and reserved.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => AddressClass::Forbidden,
        _ => AddressClass::Public,
    }
}

/// Outside of the block of public addresses all is forbidden: the link, many at once, and an older protocol's
/// addresses in disguise (mapped, compatible, translated).
fn realm_of_v6(address: Ipv6Addr) -> AddressClass {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::ThisMachine,
        // The metadata of a cloud within its private range; protocols and documentation; tunnels.
        [0xfd00, 0x0ec2, ..]
        | [0x2001, 0..=0x01ff | 0x0db8, ..]
        | [0x2002, ..]
        | [0x3fff, 0..=0x0fff, ..] => AddressClass::Forbidden,
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use super::AddressPolicy;

    const EVERYWHERE: AddressPolicy = AddressPolicy { private_network: true, punycode_host: true };

    /// Refused with any settings.
    const TRICKY: [&str; 62] = [
        "",
        "acme.itsm365.com/sd",
        "//acme.itsm365.com/sd",
        "ftp://acme.itsm365.com/sd",
        "HTTPS://acme.itsm365.com/sd",
        "javascript://acme.itsm365.com/sd",
        "file:///etc/passwd",
        "https:///sd",
        "https://",
        "http://acme.itsm365.com/sd",
        "http://10.0.0.5/sd",
        "http://localhost.acme.example/sd",
        "http://127.0.0.1.acme.example/sd",
        "https://key@acme.itsm365.com/sd",
        "https://acme.itsm365.com@evil.example/sd",
        "https://acme.itsm365.com:443@evil.example/sd",
        "https://@evil.example/sd",
        "https://acme.itsm365.com%40evil.example/sd",
        "https://acme.itsm365.com\\@evil.example/sd",
        "https://evil.example\\.itsm365.com/sd",
        "https://acme.itsm365.com/sd?accessKey=x",
        "https://acme.itsm365.com/sd#@evil.example",
        "https://acme.itsm365.com /sd",
        "https://acme.itsm365.com\t/sd",
        "https://acme.itsm365.com\r\nHost: evil.example/sd",
        "https://acme.itsm365.com\u{200b}/sd",
        "https://acme.itsm365.com\u{202e}/sd",
        "https://acme.itsm365.com./sd",
        "https://acme..com/sd",
        "https://.acme.com/sd",
        "https://-acme.com/sd",
        "https://ACME.itsm365.com/sd",
        "https://acme_itsm365.com/sd",
        "https://аcme.itsm365.com/sd",
        "https://acme\u{3002}itsm365\u{3002}com/sd",
        "https://ⓐcme.itsm365.com/sd",
        "https://acme.itsm365.com:0/sd",
        "https://acme.itsm365.com:65536/sd",
        "https://acme.itsm365.com:443:80/sd",
        "https://acme.itsm365.com:+443/sd",
        "https://acme.itsm365.com:0443/sd",
        "https://acme.itsm365.com:x/sd",
        "https://2130706433/sd",
        "https://0x7f.0.0.1/sd",
        "https://0x7f000001/sd",
        "https://0177.0.0.1/sd",
        "https://127.1/sd",
        "https://1.2.3.4.5/sd",
        "https://169.254.169.254/latest",
        "https://0.0.0.0/sd",
        "https://255.255.255.255/sd",
        "https://224.0.0.1/sd",
        "https://[::]/sd",
        "https://[::ffff:127.0.0.1]/sd",
        "https://[::ffff:10.0.0.5]/sd",
        "https://[::127.0.0.1]/sd",
        "https://[64:ff9b::7f00:1]/sd",
        "https://[2002:7f00:1::]/sd",
        "https://[fe80::1%25eth0]/sd",
        "https://[fe80::1]/sd",
        "https://[fd00:ec2::254]/sd",
        "https://[::1/sd",
    ];

    #[test]
    fn tricky_addresses_are_no_targets() {
        for url in TRICKY {
            assert!(EVERYWHERE.read(url).is_err(), "{url:?} was taken");
        }
    }

    #[test]
    fn what_the_settings_allow_is_taken_and_nothing_else() {
        let nowhere = AddressPolicy::default();
        let private = AddressPolicy { private_network: true, ..nowhere };
        let punycode = AddressPolicy { punycode_host: true, ..nowhere };
        for url in [
            "https://acme.itsm365.com/sd",
            "https://acme.itsm365.com:8443/sd/",
            "https://8.8.8.8/sd",
            "http://127.0.0.1:8787/sd",
            "http://localhost:1/sd",
            "http://[::1]:8787/sd",
            "https://[2a00:1450::1]/sd",
        ] {
            assert_eq!(nowhere.read(url), Ok(url.trim_end_matches('/').to_owned()));
        }
        for url in [
            "https://10.0.0.5/sd",
            "https://172.16.0.1/sd",
            "https://192.168.1.1/sd",
            "https://100.64.0.1/sd",
            "https://[fd12::1]/sd",
            "https://helpdesk/sd",
        ] {
            assert!(nowhere.read(url).is_err(), "{url}");
            assert!(private.read(url).is_ok(), "{url}");
        }
        let url = "https://xn--80ak6aa92e.com/sd";
        assert!(private.read(url).is_err());
        assert!(punycode.read(url).is_ok());
    }

    #[test]
    fn a_public_name_that_leads_here_was_bent() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let nowhere = AddressPolicy::default();
        assert!(nowhere.allows("acme.itsm365.com", address("185.1.2.3")));
        assert!(nowhere.allows("localhost", address("127.0.0.1")));
        for bent in ["127.0.0.1", "::1", "10.0.0.5", "169.254.169.254", "::ffff:185.1.2.3"] {
            assert!(!nowhere.allows("acme.itsm365.com", address(bent)), "{bent}");
        }
        assert!(EVERYWHERE.allows("acme.itsm365.com", address("10.0.0.5")));
        assert!(!EVERYWHERE.allows("acme.itsm365.com", address("127.0.0.1")));
    }
}

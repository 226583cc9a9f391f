//! The address of the viewer who sent a request, as far as it can be believed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use api::Call;
use domain::UserId;
use domain::quota::stand_in;
use domain::session::Seen;
use sha2::{Digest, Sha256};

/// The header in which the distribution's function names the viewer's address.
const ADDRESS: &str = "x-viewer-address";
/// The headers in which the distribution names the place of the viewer's address.
const PLACE: [&str; 2] = ["cloudfront-viewer-city", "cloudfront-viewer-country-name"];
/// The header in which the distribution proves that a request comes through it.
const SECRET: &str = "x-origin-secret";

/// The secret that the distribution sends with each request to the API. It is kept as a digest.
#[derive(Clone)]
pub struct OriginSecret([u8; 32]);

impl OriginSecret {
    /// Returns the viewer of a request.
    ///
    /// Anybody may send the header with an address. It is believed only beside the secret.
    pub fn viewer(&self, call: &Call) -> Viewer {
        let address =
            call.header(ADDRESS).filter(|_| self.is_proven(call)).and_then(|text| text.parse().ok());
        address.map_or(Viewer::Direct, Viewer::through)
    }

    /// Returns from where a request comes: the client as it names itself, and the place beside the secret
    /// alone.
    pub fn seen(&self, call: &Call) -> Seen {
        let named = PLACE.iter().filter_map(|name| call.header(name)).filter(|_| self.is_proven(call));
        let place = named.collect::<Vec<_>>().join(", ");
        Seen::new(call.header("user-agent"), Some(&place))
    }

    fn is_proven(&self, call: &Call) -> bool {
        // Digests are compared, so that the time of the comparison says nothing about the secret.
        call.header(SECRET).is_some_and(|sent| digest(sent) == self.0)
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl FromStr for OriginSecret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(digest(text)))
    }
}

impl fmt::Debug for OriginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginSecret")
    }
}

/// Whom the quotas of addresses count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Everybody whose requests do not come through the distribution.
    Direct,
    /// An IPv4 address, or the first address of the /64 of an IPv6 address.
    Address(IpAddr),
}

impl Viewer {
    fn through(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    /// Returns the id under which its quotas are counted.
    pub fn owner(self) -> UserId {
        match self {
            Self::Direct => stand_in("address:direct"),
            Self::Address(address) => stand_in(&format!("address:{address}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use api::{Parts, Problem};

    use super::*;

    fn call(headers: &[(&str, &str)]) -> (OriginSecret, Call) {
        let headers: HashMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let call =
            Call::new(Parts { headers, ..Parts::default() }, Err(Problem::unauthorized("token_missing", "")));
        ("a secret of the origin".parse().unwrap(), call)
    }

    fn viewer(headers: &[(&str, &str)]) -> Viewer {
        let (secret, call) = call(headers);
        secret.viewer(&call)
    }

    #[test]
    fn a_place_is_believed_beside_the_secret_alone_and_a_device_always() {
        let seen = |headers: &[(&str, &str)]| {
            let (secret, call) = call(headers);
            let Seen { device, place } = secret.seen(&call);
            (device.unwrap_or_default(), place.unwrap_or_default())
        };
        let city = ("cloudfront-viewer-city", "Lyon");
        let country = ("cloudfront-viewer-country-name", "France");
        let (proof, agent) = ((SECRET, "a secret of the origin"), ("user-agent", "curl/8"));
        let both = |device: &str, place: &str| (device.to_owned(), place.to_owned());
        assert_eq!(seen(&[agent, city, country, proof]), both("curl/8", "Lyon, France"));
        assert_eq!(seen(&[country, proof]), both("", "France"));
        assert_eq!(seen(&[agent, city, country]), both("curl/8", ""));
        assert_eq!(seen(&[agent, city, (SECRET, "another")]), both("curl/8", ""));
        assert_eq!(seen(&[proof]), both("", ""));
    }

    #[test]
    fn an_address_is_believed_beside_the_secret_alone() {
        let named = (ADDRESS, "192.0.2.7");
        let seven = Viewer::Address("192.0.2.7".parse().unwrap());
        assert_eq!(viewer(&[named, (SECRET, "a secret of the origin")]), seven);
        for secret in ["", "a secret", "A secret of the origin"] {
            assert_eq!(viewer(&[named, (SECRET, secret)]), Viewer::Direct, "{secret}");
        }
        assert_eq!(viewer(&[named]), Viewer::Direct);
        assert_eq!(viewer(&[(SECRET, "a secret of the origin")]), Viewer::Direct);
        assert_eq!(viewer(&[(SECRET, "a secret of the origin"), (ADDRESS, "x")]), Viewer::Direct);
    }

    #[test]
    fn a_64_of_ipv6_counts_as_one_and_ipv4_is_the_same_in_both_forms() {
        let owner = |address| viewer(&[(ADDRESS, address), (SECRET, "a secret of the origin")]).owner();
        assert_eq!(owner("2001:db8:1:2::1"), owner("2001:db8:1:2:ffff::9"));
        assert_ne!(owner("2001:db8:1:2::1"), owner("2001:db8:1:3::1"));
        assert_eq!(owner("192.0.2.7"), owner("::ffff:192.0.2.7"));
        assert_ne!(owner("192.0.2.7"), owner("192.0.2.8"));
        assert_ne!(owner("192.0.2.7"), Viewer::Direct.owner());
    }
}

//! The prices that AWS charges in us-east-1, without free allowances, reservations or agreements.
//!
//! They stand in one table: a price that changes is changed here. `checked` says how far
//! a price could be confirmed.

/// The month in which the prices were collected.
pub const AS_OF: &str = "November 2026";

/// A price.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// The thing that is charged for.
    pub what: &'static str,
    /// The unit that the price is quoted for.
    pub unit: &'static str,
    /// Single things in that unit.
    size: f64,
    /// Dollars for the first units in a month.
    pub first: f64,
    /// Numbers of units in a month beyond which another price applies, with that price.
    pub then: &'static [(f64, f64)],
    /// The page of AWS that states the price.
    pub source: &'static str,
    /// The source that confirms the price.
    pub checked: &'static str,
}

impl Price {
    /// Returns the dollars for so many single things in a month.
    pub fn of(&self, quantity: f64) -> f64 {
        let units = quantity / self.size;
        let mut dollars = units * self.first;
        let mut before = self.first;
        for (beyond, price) in self.then {
            dollars += (units - beyond).max(0.0) * (price - before);
            before = *price;
        }
        dollars
    }
}

const MILLION: (&str, f64) = ("million", 1e6);
const GB_MONTH: (&str, f64) = ("GB-month", 1.0);
const GB: (&str, f64) = ("GB", 1.0);

const AWS: &str = "AWS's page";
const COPIES: &str = "price lists by others, 2025 and 2026";
const SPLIT: &str = "the tiers by AWS's announcement, the price by others, 2025 and 2026";
const NOT: &str = "not confirmed";

const DYNAMODB: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const S3: &str = "https://aws.amazon.com/s3/pricing/";
const CLOUDFRONT: &str = "https://aws.amazon.com/cloudfront/pricing/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";

const fn price(
    what: &'static str,
    (unit, size): (&'static str, f64),
    first: f64,
    then: &'static [(f64, f64)],
    source: &'static str,
    checked: &'static str,
) -> Price {
    Price { what, unit, size, first, then, source, checked }
}

/// Every price, in the order of the table.
pub const ALL: [Price; 31] = [
    WRITE,
    READ,
    TABLE,
    BACKUP,
    INVOCATION,
    COMPUTE,
    API_REQUEST,
    API_EGRESS,
    PUBLISH,
    APP_PUSH,
    QUEUE_REQUEST,
    FAIR_QUEUE,
    TRANSITION,
    SOCKET_MINUTE,
    SOCKET_MESSAGE,
    MAIL,
    DECRYPTION,
    STANDARD,
    INFREQUENT,
    GLACIER,
    PUT,
    PUT_INFREQUENT,
    TO_GLACIER,
    GET,
    EGRESS,
    VIEW,
    EDGE_FUNCTION,
    INVALIDATION,
    KEY_VALUE_READ,
    LOGS,
    TRACE,
];

/// Halved in November 2024. Reading the stream from Lambda is free.
pub const WRITE: Price = price("DynamoDB write unit, on demand", MILLION, 0.625, &[], DYNAMODB, COPIES);
/// Halved at the same time as writes.
pub const READ: Price = price("DynamoDB read unit, on demand", MILLION, 0.125, &[], DYNAMODB, COPIES);
/// Standard table class.
pub const TABLE: Price = price("DynamoDB storage", GB_MONTH, 0.25, &[], DYNAMODB, COPIES);
/// Continuous backups, by the size of the table.
pub const BACKUP: Price = price("DynamoDB point-in-time recovery", GB_MONTH, 0.20, &[], DYNAMODB, COPIES);
/// An invocation.
pub const INVOCATION: Price = price("Lambda invocation", MILLION, 0.20, &[], LAMBDA, COPIES);
/// Memory times time, arm64.
pub const COMPUTE: Price = price(
    "Lambda arm64",
    ("GB-second", 1.0),
    0.000_013_333_4,
    &[(7.5e9, 0.000_012_000_1), (18.75e9, 0.000_010_666_7)],
    LAMBDA,
    SPLIT,
);
/// A call of the API.
pub const API_REQUEST: Price = price(
    "API Gateway, HTTP API",
    MILLION,
    1.00,
    &[(300.0, 0.90)],
    "https://aws.amazon.com/api-gateway/pricing/",
    COPIES,
);
/// Data that leaves through the API.
pub const API_EGRESS: Price = price(
    "Data transfer to the internet",
    GB,
    0.09,
    &[(10e3, 0.085), (50e3, 0.07), (150e3, 0.05)],
    "https://aws.amazon.com/ec2/pricing/on-demand/",
    COPIES,
);
/// A call that publishes up to ten events of 64 KB in all. Queues get them free
/// of charge, which is not confirmed.
pub const PUBLISH: Price =
    price("SNS publish call", MILLION, 0.50, &[], "https://aws.amazon.com/sns/pricing/", COPIES);
/// A message to an app, passed on to APNs or FCM.
pub const APP_PUSH: Price =
    price("SNS mobile push", MILLION, 0.50, &[], "https://aws.amazon.com/sns/pricing/", COPIES);
/// A call that sends, receives or deletes up to ten messages.
pub const QUEUE_REQUEST: Price = price(
    "SQS request",
    MILLION,
    0.40,
    &[(100e3, 0.30), (200e3, 0.24)],
    "https://aws.amazon.com/sqs/pricing/",
    COPIES,
);
/// What each of these calls costs more where messages have groups. Which calls it is charged for is not
/// confirmed: it is counted for all.
pub const FAIR_QUEUE: Price = price(
    "SQS request, more for a fair queue",
    MILLION,
    0.10,
    &[],
    "https://aws.amazon.com/sqs/pricing/",
    COPIES,
);
/// A step of a Standard workflow; starting a child of a distributed map is one.
pub const TRANSITION: Price = price(
    "Step Functions transition",
    MILLION,
    25.0,
    &[],
    "https://aws.amazon.com/step-functions/pricing/",
    COPIES,
);
/// A minute that a socket is open.
pub const SOCKET_MINUTE: Price = price(
    "API Gateway WebSocket, a minute connected",
    MILLION,
    0.25,
    &[],
    "https://aws.amazon.com/api-gateway/pricing/",
    COPIES,
);
/// A message to or from a socket, for each 32 KB.
pub const SOCKET_MESSAGE: Price = price(
    "API Gateway WebSocket message",
    MILLION,
    1.00,
    &[(1_000.0, 0.80)],
    "https://aws.amazon.com/api-gateway/pricing/",
    COPIES,
);
/// A mail sent.
pub const MAIL: Price = price("SES mail", MILLION, 100.0, &[], "https://aws.amazon.com/ses/pricing/", NOT);
/// A text that was encrypted to an RSA key of 3,072 bits.
pub const DECRYPTION: Price =
    price("KMS request, RSA 3072", MILLION, 15.0, &[], "https://aws.amazon.com/kms/pricing/", NOT);
/// Renditions.
pub const STANDARD: Price =
    price("S3 Standard", GB_MONTH, 0.023, &[(50e3, 0.022), (500e3, 0.021)], S3, COPIES);
/// Originals of the first year.
pub const INFREQUENT: Price = price("S3 Standard-IA", GB_MONTH, 0.0125, &[], S3, COPIES);
/// Older originals.
pub const GLACIER: Price = price("S3 Glacier Flexible Retrieval", GB_MONTH, 0.0036, &[], S3, COPIES);
/// Storing an object, or posting an upload.
pub const PUT: Price = price("S3 PUT, POST", MILLION, 5.0, &[], S3, COPIES);
/// Storing an original.
pub const PUT_INFREQUENT: Price = price("S3 PUT, Standard-IA", MILLION, 10.0, &[], S3, COPIES);
/// An original after its first year.
pub const TO_GLACIER: Price = price("S3 transition to Glacier", MILLION, 30.0, &[], S3, COPIES);
/// Fetching an object.
pub const GET: Price = price("S3 GET", MILLION, 0.40, &[], S3, COPIES);
/// Data that leaves through the CDN, at the price of North America and Europe. Elsewhere it is up to four
/// times the price. Transfer from S3 to the CDN is free.
pub const EGRESS: Price = price(
    "CloudFront transfer to the internet",
    GB,
    0.085,
    &[(10e3, 0.080), (50e3, 0.060), (150e3, 0.040), (500e3, 0.030), (1_024e3, 0.025), (5_120e3, 0.020)],
    CLOUDFRONT,
    AWS,
);
/// A request for a picture.
pub const VIEW: Price = price("CloudFront HTTPS request", MILLION, 1.00, &[], CLOUDFRONT, NOT);
/// The choice of WebP or JPEG.
pub const EDGE_FUNCTION: Price = price("CloudFront Function call", MILLION, 0.10, &[], CLOUDFRONT, COPIES);
/// A path, with or without a wildcard, or a cache tag that is removed from the CDN's caches.
pub const INVALIDATION: Price =
    price("CloudFront invalidation path", ("path", 1.0), 0.005, &[], CLOUDFRONT, AWS);
/// A key that a CloudFront Function looks up.
pub const KEY_VALUE_READ: Price = price("CloudFront KeyValueStore read", MILLION, 0.03, &[], CLOUDFRONT, NOT);
/// Logs of Lambda, which have tiers since May 2025. Access logs are counted with them.
pub const LOGS: Price = price(
    "CloudWatch Logs, vended",
    GB,
    0.50,
    &[(10e3, 0.25), (30e3, 0.10), (50e3, 0.05)],
    CLOUDWATCH,
    COPIES,
);
/// A trace recorded.
pub const TRACE: Price = price("X-Ray trace", MILLION, 5.0, &[], "https://aws.amazon.com/xray/pricing/", AWS);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-9 * expected.abs()
    }

    #[test]
    fn known_bills() {
        assert!(near(WRITE.of(1e6), 0.625));
        assert!(near(READ.of(8e6), 1.0));
        // 10 TB at 0.085, 40 at 0.08, 50 at 0.06.
        assert!(near(EGRESS.of(100e3), 850.0 + 3_200.0 + 3_000.0));
        assert!(near(API_REQUEST.of(1e9), 300.0 + 630.0));
        // Others calculate this for 60 TB of logs.
        assert!(near(LOGS.of(60e3), 12_500.0));
        assert!(near(STANDARD.of(600e3), 1_150.0 + 9_900.0 + 2_100.0));
    }

    #[test]
    fn each_price_has_a_source_and_falls_with_volume() {
        for price in ALL {
            assert!(
                price.source.starts_with("https://aws.amazon.com/") && !price.checked.is_empty(),
                "{price:?}"
            );
            let quantities = price.then.iter().map(|(beyond, _)| *beyond);
            assert!(quantities.is_sorted_by(|a, b| a < b), "{price:?}");
            let dollars = std::iter::once(price.first).chain(price.then.iter().map(|(_, dollars)| *dollars));
            assert!(dollars.clone().all(|dollars| dollars > 0.0) && dollars.is_sorted_by(|a, b| a > b));
        }
    }

    proptest! {
        #[test]
        fn more_costs_more_in_all_and_no_more_for_each(which in 0..ALL.len(), a in 0.0..1e15_f64, b in 0.0..1e15_f64) {
            let price = ALL[which];
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(price.of(less) <= price.of(more));
            prop_assert!(price.of(more) * less <= price.of(less) * more * (1.0 + 1e-12));
            prop_assert!(price.of(a + b) <= (price.of(a) + price.of(b)) * (1.0 + 1e-12));
        }
    }
}

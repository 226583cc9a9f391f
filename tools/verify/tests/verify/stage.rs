//! A small world, ways to damage it, and the output of `verify`.

use std::time::Duration;

use api::Caller;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::{Clock, PhotoId};
use table::keys::{ItemKey, RawKey};
use testkit::World;
use verify::{Options, Outputs, Report};

/// The output of a run.
pub(crate) struct Said {
    pub(crate) report: Report,
    pub(crate) lines: Vec<String>,
    pub(crate) repairs: Vec<serde_json::Value>,
}

impl Said {
    /// Returns the lines about single counters and edges.
    pub(crate) fn findings(&self) -> &[String] {
        &self.lines[..self.lines.len() - 3]
    }

    pub(crate) fn last_line(&self) -> &str {
        self.lines.last().unwrap()
    }
}

/// Options that do not wait between checks.
pub(crate) const OPTIONS: Options = Options { segments: 3, rate: None, patience: Duration::ZERO };

pub(crate) async fn verify(world: &World) -> Said {
    verify_by(&world.engine.client(), world).await
}

/// Runs [`verify()`] through a client of the test's own.
pub(crate) async fn verify_by(client: &Client, world: &World) -> Said {
    let (mut findings, mut repairs, mut progress) = (Vec::new(), Vec::new(), Vec::new());
    let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
    let report = verify::verify(client, world.engine.table_name(), &OPTIONS, world.clock.now(), outputs)
        .await
        .unwrap();
    let text = String::from_utf8(findings).unwrap();
    let repairs = String::from_utf8(repairs).unwrap();
    Said {
        report,
        lines: text.lines().map(ToOwned::to_owned).collect(),
        repairs: repairs.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    }
}

/// A world of three people. Everybody follows Ada, who posted two photos; Bob likes both, Cy one.
pub(crate) struct Small {
    pub(crate) world: World,
    pub(crate) ada: Caller,
    pub(crate) bob: Caller,
    pub(crate) cy: Caller,
    pub(crate) first: PhotoId,
    pub(crate) second: PhotoId,
}

impl Small {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let (ada, bob, cy) =
            (world.person("ada").await, world.person("bob").await, world.person("cyd").await);
        world.follow(&bob, &ada).await;
        world.follow(&cy, &ada).await;
        world.follow(&ada, &cy).await;
        let (first, second) = (world.post(&ada).await, world.post(&ada).await);
        for (who, what) in [(&bob, first), (&bob, second), (&cy, second)] {
            world.like(who, &ada, what).await;
        }
        world.derive().await;
        Self { world, ada, bob, cy, first, second }
    }

    /// Sets an attribute of an item directly, without the functions.
    pub(crate) async fn set(&self, item: ItemKey, attribute: &str, value: i64) {
        self.write(item, &format!("SET {attribute} = :value"), value).await;
    }

    pub(crate) async fn write(&self, item: ItemKey, expression: &str, value: i64) {
        self.world.write(&item, expression, value).await;
    }

    /// Returns an attribute of bytes.
    pub(crate) async fn bytes(&self, item: ItemKey, attribute: &str) -> Option<Vec<u8>> {
        let key = item.raw();
        let get = self.world.engine.client().get_item().table_name(self.world.engine.table_name());
        let get = get.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
        let found = get.send().await.unwrap().item?;
        Some(found.get(attribute)?.as_b().unwrap().clone().into_inner())
    }

    pub(crate) async fn set_bytes(&self, item: ItemKey, attribute: &str, bytes: Vec<u8>) {
        self.update(item, attribute, AttributeValue::B(bytes.into())).await;
    }

    pub(crate) async fn set_flag(&self, item: ItemKey, attribute: &str) {
        self.update(item, attribute, AttributeValue::Bool(true)).await;
    }

    async fn update(&self, item: ItemKey, attribute: &str, value: AttributeValue) {
        let key = item.raw();
        let update = self.world.engine.client().update_item().table_name(self.world.engine.table_name());
        let update = update.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
        let update = update.update_expression(format!("SET {attribute} = :value"));
        update.expression_attribute_values(":value", value).send().await.unwrap();
    }

    /// Stores items that consist of their keys alone.
    pub(crate) async fn store(&self, keys: impl Iterator<Item = RawKey>) {
        let writes = keys.map(|key| {
            let put = PutRequest::builder()
                .item("pk", AttributeValue::S(key.pk))
                .item("sk", AttributeValue::S(key.sk));
            WriteRequest::builder().put_request(put.build().unwrap()).build()
        });
        for batch in writes.collect::<Vec<_>>().chunks(25) {
            let write = self.world.engine.client().batch_write_item();
            write.request_items(self.world.engine.table_name(), batch.to_vec()).send().await.unwrap();
        }
    }

    /// Removes an item directly, without the functions.
    pub(crate) async fn remove(&self, item: ItemKey) {
        self.world.remove(&item).await;
    }
}

//! The cost of each table call, read at the SDK's boundary.
//!
//! [`Capacity`] is an interceptor for `DynamoDB` clients. It requests the consumed capacity of every call and
//! passes it to a [`Sink`]. The invocation's metrics are one sink, and the budgets of the tests are another.
//! So both measure the same.
//!
//! `DynamoDB` returns the capacity only with a successful response. A write whose condition does not hold
//! consumes units too, which cannot be seen here. Such a call is recorded as failed, without units.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::operation as op;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

/// One call of a table operation, with its retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// Requests sent, retries included.
    pub attempts: u32,
    /// Read request units consumed.
    pub read_units: f64,
    /// Write request units consumed.
    pub write_units: f64,
    /// Whether the call failed.
    pub failed: bool,
}

/// A receiver of finished calls.
pub trait Sink: Send + Sync {
    /// Records one finished call.
    fn record(&self, call: &Call);
}

/// The interceptor that measures calls.
#[derive(Clone)]
pub struct Capacity {
    sink: Arc<dyn Sink>,
}

impl Capacity {
    /// Returns an interceptor that passes calls to `sink`.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink }
    }
}

impl fmt::Debug for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capacity")
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Attempts(u32);

impl Storable for Attempts {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Capacity {
    fn name(&self) -> &'static str {
        "Capacity"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        ask(context.input_mut());
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Attempts(before) = config.load::<Attempts>().copied().unwrap_or_default();
        config.interceptor_state().store_put(Attempts(before.saturating_add(1)));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(operation) = config.load::<Metadata>().map(|metadata| metadata.name().to_owned()) else {
            return Ok(());
        };
        let Attempts(attempts) = config.load::<Attempts>().copied().unwrap_or_default();
        let output = context.output_or_error().and_then(Result::ok);
        let (read_units, write_units) = output.map_or((0.0, 0.0), units);
        self.sink.record(&Call { operation, attempts, read_units, write_units, failed: output.is_none() });
        Ok(())
    }
}

/// Lists each operation that can return its capacity, once. `ask` uses its input, and `units` its output.
macro_rules! operations {
    ($( $kind:ident $module:ident $input:ident $output:ident ),* $(,)?) => {
        /// Requests the consumed capacity, on every input that can.
        fn ask(input: &mut Input) {
            $(if let Some(input) = input.downcast_mut::<op::$module::$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                return;
            })*
        }

        /// Returns the read and write units of an output.
        fn units(output: &Output) -> (f64, f64) {
            $(if let Some(output) = output.downcast_ref::<op::$module::$output>() {
                return sum(output.consumed_capacity(), Kind::$kind);
            })*
            (0.0, 0.0)
        }
    };
}

operations! {
    Read get_item GetItemInput GetItemOutput,
    Read batch_get_item BatchGetItemInput BatchGetItemOutput,
    Read query QueryInput QueryOutput,
    Read transact_get_items TransactGetItemsInput TransactGetItemsOutput,
    Write put_item PutItemInput PutItemOutput,
    Write update_item UpdateItemInput UpdateItemOutput,
    Write delete_item DeleteItemInput DeleteItemOutput,
    Write batch_write_item BatchWriteItemInput BatchWriteItemOutput,
    Write transact_write_items TransactWriteItemsInput TransactWriteItemsOutput,
}

/// The kind of units in a total that does not name its kind.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    Write,
}

/// Adds up the capacity of one output: one figure, or one for each table of a batch or transaction.
fn sum<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>, kind: Kind) -> (f64, f64) {
    consumed.into_iter().fold((0.0, 0.0), |(read, write), consumed| {
        let total = consumed.capacity_units.unwrap_or_default();
        let (more_read, more_write) =
            match (consumed.read_capacity_units, consumed.write_capacity_units, kind) {
                (None, None, Kind::Read) => (total, 0.0),
                (None, None, Kind::Write) => (0.0, total),
                (read, write, _) => (read.unwrap_or_default(), write.unwrap_or_default()),
            };
        (read + more_read, write + more_write)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_that_can_return_capacity_request_it_and_others_stay() {
        let mut input = Input::erase(op::put_item::PutItemInput::builder().table_name("t").build().unwrap());
        ask(&mut input);
        let asked = input.downcast_ref::<op::put_item::PutItemInput>().unwrap().return_consumed_capacity();
        assert_eq!(asked, Some(&ReturnConsumedCapacity::Total));
        ask(&mut Input::erase(op::list_tables::ListTablesInput::builder().build().unwrap()));
    }

    #[test]
    fn a_total_counts_as_the_operations_kind_unless_it_names_its_own() {
        let total = ConsumedCapacity::builder().capacity_units(1.5).build();
        let query = Output::erase(op::query::QueryOutput::builder().consumed_capacity(total.clone()).build());
        assert_eq!(units(&query), (1.5, 0.0));
        let batch = op::batch_write_item::BatchWriteItemOutput::builder()
            .consumed_capacity(total.clone())
            .consumed_capacity(total)
            .build();
        assert_eq!(units(&Output::erase(batch)), (0.0, 3.0));
        let both = ConsumedCapacity::builder()
            .capacity_units(3.0)
            .read_capacity_units(1.0)
            .write_capacity_units(2.0);
        let write =
            op::transact_write_items::TransactWriteItemsOutput::builder().consumed_capacity(both.build());
        assert_eq!(units(&Output::erase(write.build())), (1.0, 2.0));
    }
}

//! What each table call costs, read at the SDK's boundary.
//!
//! [`Capacity`] is an interceptor for `DynamoDB` clients: it asks for the consumed capacity of every call and tells a
//! [`Sink`] what came back. The invocation's metrics are one sink; the budgets of the tests are another, so that both
//! measure the same thing.
//!
//! `DynamoDB` tells the capacity with an answer only. A write refused by its condition consumes units too, and those
//! cannot be seen here; such a call is recorded as failed, without units.

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
    /// Such as `PutItem`.
    pub operation: String,
    /// Requests sent, retries included.
    pub attempts: u32,
    /// Read request units consumed.
    pub read_units: f64,
    /// Write request units consumed.
    pub write_units: f64,
    /// No answer, or a refusal.
    pub failed: bool,
}

/// Where calls are told.
pub trait Sink: Send + Sync {
    /// Takes note of one finished call.
    fn record(&self, call: &Call);
}

/// The interceptor.
#[derive(Clone)]
pub struct Capacity {
    sink: Arc<dyn Sink>,
}

impl Capacity {
    /// An interceptor that tells `sink`.
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

/// Names each operation that tells its capacity, once: in `ask` for its input, in `units` for its output.
macro_rules! operations {
    ($( $kind:ident $module:ident $input:ident $output:ident ),* $(,)?) => {
        /// Asks for the consumed capacity, on every input that can.
        fn ask(input: &mut Input) {
            $(if let Some(input) = input.downcast_mut::<op::$module::$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                return;
            })*
        }

        /// Read and write units of an output.
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

/// Which units a total is made of, where the answer does not say.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    Write,
}

/// Adds up the capacity of one output: one figure, or one per table in a batch or transaction.
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
    fn every_input_that_can_is_asked_and_others_are_left_alone() {
        let mut input = Input::erase(op::put_item::PutItemInput::builder().table_name("t").build().unwrap());
        ask(&mut input);
        let asked = input.downcast_ref::<op::put_item::PutItemInput>().unwrap().return_consumed_capacity();
        assert_eq!(asked, Some(&ReturnConsumedCapacity::Total));
        ask(&mut Input::erase(op::list_tables::ListTablesInput::builder().build().unwrap()));
    }

    #[test]
    fn totals_go_to_the_kind_of_the_operation_and_stated_kinds_win() {
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

"""An alarm on an expression is deployed with the stack."""

from __future__ import annotations

from conftest import Cloud


def test_an_alarm_on_an_expression_is_recorded(cloud: Cloud) -> None:
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=["on-an-expression"])["MetricAlarms"]
    assert [(alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["Period"]) for alarm in found] == [
        ("AWS/States", "ExecutionsFailed", "Sum", 300)
    ]
